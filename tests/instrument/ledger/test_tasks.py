"""Tasks of asyncio on the ledger: each is paid for its own steps, and behaves as it does without us."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from kept import MS, Kept, burn

from codeops.instrument.switches import asyncio as switch


def new_uvloop() -> asyncio.AbstractEventLoop:
    return pytest.importorskip("uvloop").new_event_loop()


def new_eager_loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    loop.set_task_factory(asyncio.eager_task_factory)
    return loop


LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": new_uvloop}
if sys.version_info >= (3, 12):
    LOOPS["eager"] = new_eager_loop

NEAR = 0.3
"""How wrong a request may be paid: a few milliseconds of work, with what the loop does in between, on a busy machine."""


@pytest.fixture
def followed(books: Kept) -> Iterator[Kept]:
    switch.install(books.keeper)

    yield books

    switch.uninstall()


@pytest.fixture(params=LOOPS)
def run(request: pytest.FixtureRequest) -> Callable[[Awaitable[Any]], Any]:
    """Runs a coroutine to its end on each kind of loop."""

    def running(coroutine: Any) -> Any:
        with asyncio.Runner(loop_factory=LOOPS[request.param]) as runner:
            return runner.run(coroutine)

    return running


class Requests:
    """Requests that interleave, each with an account and a known amount of work."""

    def __init__(self, books: Kept, number: int = 12) -> None:
        self.books, self.accounts = books, books.accounts(number)
        self.spent_ns = [0] * number

    async def one(self, index: int) -> None:
        keeper = self.books.keeper
        keeper.enter(self.accounts[index])
        for step in range(5):
            self.spent_ns[index] += burn(1.5 * (index % 4 + 1))
            await asyncio.sleep(0.001 if step % 2 else 0)
        keeper.enter(None)

    async def all(self) -> None:
        await asyncio.gather(*(self.one(index) for index in range(len(self.accounts))))

    def errors(self) -> list[float]:
        """Of each request: how wrong what it was paid is, as a part of the truth."""
        self.books.keeper.settle_all()
        return [abs(account.self_ns - spent) / spent for account, spent in zip(self.accounts, self.spent_ns, strict=True)]


def test_requests_that_interleave_are_paid_what_they_consumed(followed: Kept, run: Callable[..., Any]) -> None:
    requests = Requests(followed)
    run(Requests(followed, 4).all())  # the first time everything is slow

    run(requests.all())

    assert max(requests.errors()) < NEAR


def test_without_the_hook_requests_are_paid_for_each_other(books: Kept) -> None:
    requests = Requests(books)

    asyncio.run(requests.all())

    assert max(requests.errors()) > 2 * NEAR


def test_what_the_loop_does_itself_is_its_own(followed: Kept, run: Callable[..., Any]) -> None:
    (account,) = followed.accounts(1)

    async def everything() -> None:
        asyncio.get_running_loop().call_soon(burn, 3)
        await asyncio.sleep(0)
        followed.keeper.enter(account)
        burn(1)

    run(everything())
    followed.keeper.settle_all()

    assert followed.loop.self_ns >= 3 * MS
    assert account.self_ns < 2 * MS


def test_a_task_goes_on_for_its_owner_after_the_owner_has_ended(followed: Kept, run: Callable[..., Any]) -> None:
    account, heir = followed.accounts(2)

    async def late() -> None:
        await asyncio.sleep(0.001)
        burn(4)

    async def everything() -> None:
        followed.keeper.enter(account)
        task = asyncio.get_running_loop().create_task(late())
        burn(1)
        followed.keeper.enter(None)
        account.end(heir)
        await task

    run(everything())
    followed.keeper.settle_all()

    assert 4 * MS <= heir.late_ns < 5 * MS
    assert heir.self_ns == pytest.approx(MS, rel=0.3)


def test_a_first_step_inside_the_creators_step_is_paid_to_its_own_task(followed: Kept, run: Callable[..., Any]) -> None:
    parent, child = followed.accounts(2)

    async def inner() -> None:
        followed.keeper.enter(child)
        burn(2)
        await asyncio.sleep(0)
        burn(2)

    async def everything() -> None:
        followed.keeper.enter(parent)
        task = asyncio.get_running_loop().create_task(inner())
        burn(10)
        await task

    run(everything())
    followed.keeper.settle_all()

    assert parent.self_ns == pytest.approx(10 * MS, rel=0.1)
    assert child.self_ns == pytest.approx(4 * MS, rel=0.1)


def test_cancellation_reaches_the_task_and_is_paid_to_it(followed: Kept, run: Callable[..., Any]) -> None:
    (account,) = followed.accounts(1)

    async def stubborn() -> None:
        followed.keeper.enter(account)
        try:
            await asyncio.sleep(60)
        finally:
            burn(3)

    async def everything() -> bool:
        task = asyncio.get_running_loop().create_task(stubborn())
        await asyncio.sleep(0.001)
        task.cancel("enough")
        with pytest.raises(asyncio.CancelledError):
            await task
        return task.cancelled()

    assert run(everything())
    followed.keeper.settle_all()
    assert account.self_ns >= 3 * MS


def test_a_timeout_is_raised_as_without_us(followed: Kept, run: Callable[..., Any]) -> None:
    async def everything() -> None:
        async with asyncio.timeout(0.002):
            await asyncio.sleep(60)

    with pytest.raises(TimeoutError):
        run(everything())
    with pytest.raises(TimeoutError):
        run(asyncio.wait_for(asyncio.sleep(60), 0.002))


def test_a_task_group_raises_what_its_tasks_raise(followed: Kept, run: Callable[..., Any]) -> None:
    ended: list[str] = []

    async def failing() -> None:
        await asyncio.sleep(0)
        raise KeyError("ours")

    async def waiting() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    async def everything() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(waiting())
            await asyncio.sleep(0)
            group.create_task(failing())

    with pytest.RaisesGroup(pytest.RaisesExc(KeyError, match="ours")):
        run(everything())

    assert ended == ["cancelled"]


def test_results_come_back_as_they_are(followed: Kept, run: Callable[..., Any]) -> None:
    values = [None, 7, (1, 2), [], ValueError("returned")]

    async def returning(value: object) -> object:
        await asyncio.sleep(0)
        return value

    async def everything() -> list[object]:
        return await asyncio.gather(*map(returning, values))

    assert all(one is other for one, other in zip(run(everything()), values, strict=True))


def test_a_task_shows_its_coroutine(followed: Kept, run: Callable[..., Any]) -> None:
    async def showing() -> None:
        await asyncio.sleep(0.001)

    async def everything() -> tuple[str, list[str], str]:
        task = asyncio.create_task(showing(), name="mine")
        await asyncio.sleep(0)
        shown = repr(task), [frame.f_code.co_name for frame in task.get_stack()], task.get_coro().__name__
        await task
        return shown

    shown, stack, name = run(everything())

    assert "name='mine'" in shown
    assert "showing() running at" in shown
    assert stack == ["showing"]
    assert name == "showing"


def test_tasks_that_run_when_the_hook_is_taken_out_end_well(books: Kept) -> None:
    async def counting() -> int:
        total = 0
        for _ in range(5):
            await asyncio.sleep(0)
            total += 1
        return total

    async def everything() -> int:
        switch.install(books.keeper)
        task = asyncio.create_task(counting())
        await asyncio.sleep(0)
        switch.uninstall()
        books.keeper.stop()
        return await task

    assert asyncio.run(everything()) == 5


def test_the_hook_leaves_no_trace(books: Kept) -> None:
    before = [vars(asyncio.BaseEventLoop)[name] for name in ("create_task", "run_forever")]

    switch.install(books.keeper)
    switch.uninstall()

    assert [vars(asyncio.BaseEventLoop)[name] for name in ("create_task", "run_forever")] == before


def test_a_task_factory_of_the_application_is_used(followed: Kept) -> None:
    made: list[asyncio.Task[Any]] = []

    class Own(asyncio.Task[Any]):
        pass

    def factory(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> asyncio.Task[Any]:
        made.append(Own(coroutine, loop=loop, **options))
        return made[-1]

    requests = Requests(followed, 4)

    async def everything() -> None:
        asyncio.get_running_loop().set_task_factory(factory)
        await requests.all()

    asyncio.run(everything())

    assert len(made) >= 4
    assert max(requests.errors()) < NEAR

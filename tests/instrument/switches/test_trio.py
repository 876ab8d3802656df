"""Tasks of trio: each is paid for its own steps; the loop, worker threads and guests of other loops are told apart."""

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import trio
import trio.lowlevel
import trio.testing
from kept import MS, Kept, burn

from codeops.instrument.ledger import OWNER
from codeops.instrument.switches import trio as switch

NEAR = 0.3
"""How wrong a request may be paid: a few milliseconds of work, with what the loop does in between, on a busy machine."""


@pytest.fixture
def followed(books: Kept) -> Iterator[Kept]:
    """What the ledger in C needs from Python 3.14 on is hooked with asyncio's tasks."""
    if books.keeper.HAS_WATCHER:
        books.keeper.watch_contexts(1)
    switch.install(books.keeper)

    yield books

    switch.uninstall()
    if books.keeper.HAS_WATCHER:
        books.keeper.watch_contexts(0)


class Requests:
    """Requests that interleave, each with an account and a known amount of work."""

    def __init__(self, books: Kept, number: int = 12) -> None:
        self.books, self.accounts = books, books.accounts(number)
        self.spent_ns = [0] * number

    async def one(self, index: int) -> None:
        self.books.keeper.enter(self.accounts[index])
        for step in range(5):
            self.spent_ns[index] += burn(1.5 * (index % 4 + 1))
            await trio.sleep(0.001 if step % 2 else 0)
        self.books.keeper.enter(None)

    async def all(self) -> None:
        async with trio.open_nursery() as nursery:
            for index in range(len(self.accounts)):
                nursery.start_soon(self.one, index)

    def errors(self) -> list[float]:
        """Of each request: how wrong what it was paid is, as a part of the truth."""
        self.books.keeper.settle_all()
        return [abs(account.self_ns - spent) / spent for account, spent in zip(self.accounts, self.spent_ns, strict=True)]


def as_guest(main: Callable[..., Any]) -> None:
    """Runs trio inside asyncio's loop."""

    async def host() -> None:
        over = asyncio.get_running_loop().create_future()
        trio.lowlevel.start_guest_run(
            main, run_sync_soon_threadsafe=asyncio.get_running_loop().call_soon_threadsafe, done_callback=over.set_result
        )
        (await over).unwrap()

    asyncio.run(host())


@pytest.mark.parametrize("run", [trio.run, as_guest])
def test_requests_that_interleave_are_paid_what_they_consumed(followed: Kept, run: Callable[..., Any]) -> None:
    requests = Requests(followed)
    run(Requests(followed, 4).all)  # the first time everything is slow

    run(requests.all)

    assert max(requests.errors()) < NEAR


@pytest.mark.parametrize("run", [trio.run, as_guest])
def test_without_the_switch_requests_are_paid_for_each_other(books: Kept, run: Callable[..., Any]) -> None:
    requests = Requests(books)

    run(requests.all)

    assert max(requests.errors()) > 2 * NEAR


def test_a_run_that_is_going_on_is_followed_from_now_on_and_let_go(books: Kept) -> None:
    requests, later = Requests(books, 4), Requests(books, 4)

    async def everything() -> None:
        if books.keeper.HAS_WATCHER:
            books.keeper.watch_contexts(1)
        switch.install(books.keeper)
        await trio.lowlevel.checkpoint()
        await requests.all()
        switch.uninstall()
        if books.keeper.HAS_WATCHER:
            books.keeper.watch_contexts(0)
        await later.all()

    trio.run(everything)

    assert max(requests.errors()) < NEAR
    assert max(later.errors()) > 2 * NEAR


def test_what_trio_does_itself_is_the_loops(followed: Kept) -> None:
    (account,) = followed.accounts(1)

    async def everything() -> None:
        trio.lowlevel.current_trio_token().run_sync_soon(burn, 3)
        await trio.sleep(0.001)
        followed.keeper.enter(account)
        burn(1)

    trio.run(everything)
    followed.keeper.settle_all()

    assert followed.loop.self_ns >= 3 * MS
    assert account.self_ns < 2 * MS
    assert followed.keeper.current() is followed.thread


def test_a_worker_thread_works_for_the_task_that_gave_it_the_work(followed: Kept) -> None:
    (account,) = followed.accounts(1)
    seen: list[object] = []

    def work(ms: float) -> str:
        seen.extend((threading.current_thread(), OWNER.get()))
        burn(ms)
        return "done"

    async def everything() -> str:
        followed.keeper.enter(account)
        return await trio.to_thread.run_sync(work, 5)

    assert trio.run(everything) == "done"
    followed.keeper.settle_all()

    assert seen[0] is not threading.current_thread()
    assert seen[1] is account
    assert account.self_ns >= 5 * MS


def test_without_the_switch_the_work_of_a_thread_is_nobodys(books: Kept) -> None:
    (account,) = books.accounts(1)

    async def everything() -> None:
        books.keeper.enter(account)
        await trio.to_thread.run_sync(burn, 5)

    trio.run(everything)
    books.keeper.settle_all()

    assert account.self_ns < 2 * MS


def test_a_thread_of_trio_keeps_the_name_of_its_work(followed: Kept) -> None:
    (account,) = followed.accounts(1)

    def naming() -> str:
        return threading.current_thread().name

    async def everything() -> str:
        followed.keeper.enter(account)
        return await trio.to_thread.run_sync(naming)

    assert "naming" in trio.run(everything)


def test_what_a_thread_sends_back_into_trio_is_paid_to_its_owner(followed: Kept) -> None:
    (account,) = followed.accounts(1)

    async def back() -> None:
        burn(4)
        await trio.lowlevel.checkpoint()

    async def everything() -> None:
        followed.keeper.enter(account)
        await trio.to_thread.run_sync(trio.from_thread.run, back)

    trio.run(everything)
    followed.keeper.settle_all()

    assert account.self_ns >= 4 * MS


@pytest.mark.parametrize("is_threaded", [False, True])
def test_an_exception_comes_out_unchanged(followed: Kept, is_threaded: bool) -> None:
    problem = KeyError("ours")

    def failing() -> None:
        raise problem

    async def everything() -> None:
        if is_threaded:
            await trio.to_thread.run_sync(failing)
        failing()

    with pytest.raises(KeyError) as raised:
        trio.run(everything)

    assert raised.value is problem


def test_cancellation_works_as_before(followed: Kept) -> None:
    (account,) = followed.accounts(1)

    async def everything() -> bool:
        with trio.move_on_after(60) as scope:
            scope.cancel()
            try:
                await trio.sleep_forever()
            finally:
                followed.keeper.enter(account)
                burn(2)
        return scope.cancelled_caught

    assert trio.run(everything)
    followed.keeper.settle_all()
    assert account.self_ns >= 2 * MS


class Foreign(trio.abc.Instrument):
    """Somebody else's instrument."""

    def __init__(self) -> None:
        self.steps = 0

    def after_task_step(self, _: object) -> None:
        self.steps += 1


def test_instruments_of_others_are_called_too(followed: Kept) -> None:
    foreign = Foreign()
    requests = Requests(followed, 4)

    trio.run(requests.all, instruments=[foreign])

    assert foreign.steps > 20
    assert max(requests.errors()) < NEAR


def test_arguments_of_run_are_passed_on(followed: Kept) -> None:
    async def everything(value: int) -> tuple[int, float]:
        begin = trio.current_time()
        await trio.sleep(3600)
        return value, trio.current_time() - begin

    assert trio.run(everything, 7, clock=trio.testing.MockClock(autojump_threshold=0)) == (7, 3600)


def test_the_switch_leaves_no_trace(books: Kept) -> None:
    module = sys.modules["trio._core._run"]
    before = module.setup_runner, trio.to_thread.run_sync

    switch.install(books.keeper)
    during = module.setup_runner, trio.to_thread.run_sync
    switch.uninstall()

    assert all(one is not other for one, other in zip(during, before, strict=True))
    assert (module.setup_runner, trio.to_thread.run_sync) == before


def test_a_hook_of_others_on_top_stays_and_ours_below_does_nothing(books: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    switch.install(books.keeper)
    below = trio.to_thread.run_sync
    seen: list[object] = []

    async def theirs(function: Callable[..., Any], *args: Any) -> Any:
        seen.append(function)
        return await below(function, *args)

    monkeypatch.setattr(trio.to_thread, "run_sync", theirs)
    switch.uninstall()
    (account,) = books.accounts(1)

    async def everything() -> Any:
        books.keeper.enter(account)
        return await trio.to_thread.run_sync(burn, 1)

    assert trio.run(everything) >= MS
    assert seen == [burn]
    assert trio.to_thread.run_sync is theirs
    monkeypatch.setattr(trio.to_thread, "run_sync", below.__wrapped__)


def test_a_run_that_outlives_the_switch_ends_well(books: Kept, caplog: pytest.LogCaptureFixture) -> None:
    async def everything() -> str:
        await trio.lowlevel.checkpoint()
        in_other_thread = threading.Thread(target=switch.uninstall)
        in_other_thread.start()
        in_other_thread.join()
        books.keeper.stop()
        await trio.lowlevel.checkpoint()
        return "over"

    switch.install(books.keeper)

    assert trio.run(everything) == "over"
    assert caplog.records == []

"""Work in other threads, and the collector: what a pool, anyio and `threading` do for an owner, and what they do not."""

import asyncio
import gc
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from importlib import import_module
from types import ModuleType
from typing import Any

import anyio.to_thread
import pytest
from kept import MS, Kept, burn, wait_for

from codeops.instrument.ledger import OWNER


def switch(name: str) -> ModuleType:
    return import_module(f"codeops.instrument.switches.{name}")


@pytest.fixture
def follow(books: Kept) -> Iterator[Callable[[str], None]]:
    """Hooks the switch of this name for the test."""
    hooked: list[ModuleType] = []

    def hook(name: str) -> None:
        hooked.append(switch(name))
        hooked[-1].install(books.keeper)

    yield hook

    for each in hooked:
        each.uninstall()


@pytest.fixture
def account(books: Kept) -> Any:
    """The owner of this context."""
    made = books.keeper.Account()
    books.keeper.enter(made)
    return made


def in_pool(work: Callable[[], Any]) -> Any:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


def in_executor_of_asyncio(work: Callable[[], Any]) -> Any:
    async def everything() -> Any:
        return await asyncio.get_running_loop().run_in_executor(None, work)

    return asyncio.run(everything())


def in_to_thread(work: Callable[[], Any]) -> Any:
    async def everything() -> Any:
        return await asyncio.to_thread(work)

    return asyncio.run(everything())


def in_anyio(work: Callable[[], Any]) -> Any:
    async def everything() -> Any:
        return await anyio.to_thread.run_sync(work)

    try:
        return anyio.run(everything)
    finally:  # its threads are told to end with the loop, and are not waited for
        wait_for(lambda: "AnyIO worker thread" not in {thread.name for thread in threading.enumerate()})


WAYS = [(in_pool, "executor"), (in_executor_of_asyncio, "executor"), (in_to_thread, "executor"), (in_anyio, "anyio")]


@pytest.mark.parametrize(("way", "name"), WAYS)
def test_work_in_a_thread_is_paid_by_the_owner_that_ordered_it(
    books: Kept, account: Any, follow: Callable[[str], None], way: Callable[..., Any], name: str
) -> None:
    follow(name)
    way(int)  # imports, and what else is done once
    books.keeper.settle_all()
    before_ns = account.self_ns

    seen = way(lambda: (burn(8), books.keeper.current(), threading.current_thread()))
    books.keeper.settle_all()

    assert seen[1] is account
    assert seen[2] is not threading.current_thread()
    assert 8 * MS <= account.self_ns - before_ns < 16 * MS


@pytest.mark.parametrize(("way", "name"), WAYS)
def test_without_the_switch_work_in_a_thread_is_nobodys(books: Kept, account: Any, way: Callable[..., Any], name: str) -> None:
    way(int)  # imports, and what else is done once
    books.keeper.settle_all()
    before_ns = account.self_ns

    way(lambda: burn(8))
    books.keeper.settle_all()

    assert account.self_ns - before_ns < 6 * MS


@pytest.mark.parametrize(("way", "name"), WAYS)
def test_an_exception_of_the_work_comes_back_unchanged(
    books: Kept, account: Any, follow: Callable[[str], None], way: Callable[..., Any], name: str
) -> None:
    problem = KeyError("ours")

    def failing() -> None:
        raise problem

    follow(name)
    with pytest.raises(KeyError) as raised:
        way(failing)

    assert raised.value is problem


def test_a_pools_thread_is_nobodys_again_after_the_item(books: Kept, account: Any, follow: Callable[[str], None]) -> None:
    follow("executor")

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(books.keeper.current).result()
        OWNER.set(None)
        second = pool.submit(books.keeper.current).result()

    assert first is account
    assert second is books.thread


def test_the_variables_of_the_program_do_not_travel_with_the_owner(books: Kept, account: Any, follow: Callable[[str], None]) -> None:
    import contextvars

    theirs: contextvars.ContextVar[str] = contextvars.ContextVar("theirs", default="nothing")
    theirs.set("something")
    follow("executor")

    assert in_pool(theirs.get) == "nothing"


def test_a_thread_inherits_no_owner_and_is_known_from_its_start(books: Kept, account: Any, follow: Callable[[str], None]) -> None:
    seen: list[Any] = []
    follow("thread")
    thread = threading.Thread(target=lambda: seen.extend((books.keeper.settle_all(), books.keeper.current(), OWNER.get())))

    thread.start()
    thread.join()

    assert thread.native_id in seen[0]
    assert seen[1:] == [books.thread, None]


def test_a_thread_of_a_class_of_the_programs_own_does_its_own_work(books: Kept, follow: Callable[[str], None]) -> None:
    class Own(threading.Thread):
        value = 0

        def run(self) -> None:
            self.value = 7

    follow("thread")
    thread = Own()
    thread.start()
    thread.join()

    assert thread.value == 7
    assert "run" not in vars(thread)


def test_the_collector_has_its_own_bucket_and_callbacks_of_others_are_called(
    books: Kept, account: Any, follow: Callable[[str], None]
) -> None:
    phases: list[str] = []

    def theirs(phase: str, _: object) -> None:
        phases.append(phase)

    gc.callbacks.append(theirs)
    try:
        follow("gc")
        gc.collect()
    finally:
        gc.callbacks.remove(theirs)
    owner = books.keeper.current()
    books.keeper.settle_all()

    assert phases == ["start", "stop"]
    assert owner is account
    assert books.gc.self_ns > account.self_ns


def test_without_the_switch_the_collector_is_paid_by_whoever_triggers_it(books: Kept, account: Any) -> None:
    gc.collect()
    books.keeper.settle_all()

    assert books.gc.self_ns == 0
    assert account.self_ns > MS // 2


@pytest.mark.parametrize(
    ("name", "owner", "attribute"),
    [("executor", ThreadPoolExecutor, "submit"), ("thread", threading.Thread, "start"), ("anyio", anyio.to_thread, "run_sync")],
)
def test_each_switch_leaves_no_trace_and_passes_on_what_it_found(
    books: Kept, monkeypatch: pytest.MonkeyPatch, name: str, owner: Any, attribute: str
) -> None:
    calls: list[str] = []
    original = vars(owner)[attribute]

    def theirs(*args: Any, **options: Any) -> Any:
        calls.append("below")
        return original(*args, **options)

    monkeypatch.setattr(owner, attribute, theirs)
    switch(name).install(books.keeper)
    switch(name).install(books.keeper)
    during = vars(owner)[attribute]
    in_pool(int)
    in_anyio(int)
    switch(name).uninstall()

    assert during is not theirs
    assert vars(owner)[attribute] is theirs
    assert calls


def test_the_collectors_switch_leaves_no_trace(books: Kept) -> None:
    before = list(gc.callbacks)

    switch("gc").install(books.keeper)
    switch("gc").install(books.keeper)
    during = list(gc.callbacks)
    switch("gc").uninstall()

    assert len(during) == len(before) + 1
    assert gc.callbacks == before


def test_a_hook_of_others_on_top_of_a_pools_goes_on_without_ours(books: Kept, account: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    original = vars(ThreadPoolExecutor)["submit"]
    switch("executor").install(books.keeper)
    ours = vars(ThreadPoolExecutor)["submit"]

    def theirs(self: ThreadPoolExecutor, function: Callable[..., Any], *args: Any) -> Future[Any]:
        return ours(self, function, *args)

    monkeypatch.setattr(ThreadPoolExecutor, "submit", theirs)
    switch("executor").uninstall()
    books.keeper.stop()

    assert in_pool(lambda: 7) == 7
    monkeypatch.setattr(ThreadPoolExecutor, "submit", original)

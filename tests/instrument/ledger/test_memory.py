"""The ledger holds on to nothing, however often it is asked, and touches no memory that is not its own."""

import asyncio
import gc
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from types import ModuleType
from typing import Any

import pytest
from kept import Kept

MANY = 6_000
MOST = 200
"""Blocks of memory that the interpreter's own caches may take meanwhile: far fewer than one for each turn."""


def switching(books: Kept) -> None:
    one, other = books.accounts(2)
    for _ in range(MANY):
        books.keeper.switch_to(one)
        books.keeper.switch_to(other)
    books.keeper.switch_to(None)


def entering(books: Kept) -> None:
    (account,) = books.accounts(1)
    for _ in range(MANY):
        books.keeper.enter(account)
        books.keeper.enter(None)


def spans(books: Kept) -> None:
    (total,) = books.accounts(1)
    for _ in range(MANY):
        (account,) = books.accounts(1)
        books.keeper.set_drop(account)
        books.keeper.enter(account)
        books.keeper.finish(account)
        account.end(total)
        books.keeper.enter(None)
    books.keeper.settle_all()


def dropping(books: Kept) -> None:
    for _ in range(MANY):
        (account,) = books.accounts(1)
        books.keeper.set_drop(account)
        account.lines = {}
        books.keeper.enter(account)
        books.keeper.enter(None)
        books.keeper.lost.clear()
    books.keeper.settle_all()


def stepping(books: Kept) -> None:
    async def work() -> tuple[int, int]:
        await asyncio.sleep(0)
        return 1, 2

    async def failing() -> None:  # ruff: ignore[unused-async]
        raise KeyError("ours")

    for _ in range(MANY // 4):
        step, wrong = books.keeper.Step(work()), books.keeper.Step(failing())
        step.send(None)
        for stepped, problem in ((step, StopIteration), (wrong, KeyError)):
            with suppress(problem):
                stepped.send(None)
        closed = books.keeper.Step(work())
        with suppress(ValueError):
            closed.throw(ValueError("thrown"))
        repr(step), step.cr_code, step.__name__


def reading(books: Kept) -> None:
    context = copy_context()
    for _ in range(MANY // 10):
        books.keeper.settle_all()
        books.keeper.open_accounts()
        books.keeper.current()
        context.run(books.keeper.resync)
        books.keeper.collecting("start", {})
        books.keeper.collecting("stop", {})
        books.keeper.mark_loop(True)
        books.keeper.mark_loop(False)


def restarting(books: Kept) -> None:
    for _ in range(MANY // 100):
        books.keeper.switch_to(books.accounts(1)[0])
        books.keeper.stop()
        books.open_anew()


def threading_(books: Kept) -> None:
    for _ in range(MANY // 100):
        thread = threading.Thread(target=lambda: books.keeper.switch_to(books.accounts(1)[0]))
        thread.start()
        thread.join()
    books.keeper.settle_all()
    books.known.clear()  # whoever reads it does that for threads that are gone


@pytest.mark.parametrize("work", [switching, entering, spans, dropping, stepping, reading, restarting, threading_])
def test_nothing_is_left_behind(books: Kept, work: Callable[[Kept], None]) -> None:
    grown: list[int] = []

    for _ in range(3):
        gc.collect()
        before = sys.getallocatedblocks()
        work(books)
        gc.collect()
        grown.append(sys.getallocatedblocks() - before)

    assert min(grown) < MOST, f"blocks of memory more after each round: {grown}"


def test_a_block_that_is_kept_each_time_is_noticed(books: Kept) -> None:
    kept: list[Any] = []

    def keeping(books: Kept) -> None:
        kept.extend(books.accounts(1000))

    with pytest.raises(AssertionError, match="blocks of memory"):
        test_nothing_is_left_behind(books, keeping)


def test_owners_of_an_idle_thread_are_let_go(books: Kept) -> None:
    keeper, (total,) = books.keeper, books.accounts(1)
    dropped: list[int] = []

    class Owner(keeper.Account):
        def __del__(self) -> None:
            dropped.append(1)

    for _ in range(10):
        owner = Owner()
        keeper.enter(owner)
        keeper.finish(owner)
        owner.end(total)
        keeper.enter(None)
        del owner

    assert len(dropped) == 10


@pytest.mark.parametrize("seed", ["1", "2"])
def test_destructors_threads_and_restarts_in_the_middle_of_everything_break_no_memory(
    keeper: ModuleType, program: Callable[..., str], seed: str
) -> None:
    """With the allocator that fills freed memory and checks the edges of each block."""
    assert program("stress", keeper.__name__, seed, PYTHONMALLOC="debug").startswith("done")

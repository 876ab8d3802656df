"""A coroutine inside a `Step` behaves as it does alone, and its steps are paid to the owner of their context."""

import asyncio
import collections.abc
import gc
import inspect
import types
import weakref
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextvars import copy_context
from typing import Any

import pytest
from kept import MS, Kept, burn


@types.coroutine
def suspend(value: object = None) -> Generator[object, object, object]:
    received = yield value
    return received  # ruff: ignore[return-in-generator]


async def echo(first: object = None) -> object:
    received = await suspend(first)
    while received is not None:
        received = await suspend(received)
    return "over"


async def failing() -> None:
    await suspend()
    raise KeyError("ours")


async def returning(value: object) -> object:  # ruff: ignore[unused-async]
    return value


def value_of(step: Any) -> object:
    with pytest.raises(StopIteration) as stopped:
        step.send(None)
    return stopped.value.value


def test_send_passes_values_in_and_out(books: Kept) -> None:
    step = books.keeper.Step(echo("first"))

    assert step.send(None) == "first"
    assert step.send("second") == "second"
    assert value_of(step) == "over"


@pytest.mark.parametrize("value", [None, 7, (), (1, 2), StopIteration(3), ValueError("returned")])
def test_what_a_coroutine_returns_comes_back_as_it_is(books: Kept, value: object) -> None:
    assert value_of(books.keeper.Step(returning(value))) is value


@pytest.mark.parametrize("value", [None, 7, (), (1, 2), ValueError("returned")])
def test_a_step_can_be_awaited(books: Kept, value: object) -> None:
    async def awaiting() -> object:
        return await books.keeper.Step(returning(value))

    assert value_of(awaiting()) is value


def test_an_exception_of_the_coroutine_comes_out_unchanged(books: Kept) -> None:
    step = books.keeper.Step(failing())
    step.send(None)

    with pytest.raises(KeyError, match="ours") as raised:
        step.send(None)

    assert raised.traceback[-1].name == "failing"


def test_throw_and_close_reach_the_coroutine(books: Kept) -> None:
    seen: list[object] = []

    async def catching() -> None:
        try:
            await suspend()
        except KeyError as problem:
            seen.append(problem)
        try:
            await suspend()
        finally:
            seen.append("closed")

    step, problem = books.keeper.Step(catching()), KeyError("thrown")
    step.send(None)
    step.throw(problem)
    step.close()

    assert seen == [problem, "closed"]
    with pytest.raises(RuntimeError, match="reuse"):
        step.send(None)


def test_a_step_is_a_coroutine_to_those_who_ask(books: Kept) -> None:
    step = books.keeper.Step(echo())
    coroutine = step.__wrapped__
    collections.abc.Coroutine.register(books.keeper.Step)

    assert asyncio.iscoroutine(step)
    assert isinstance(step, Coroutine)
    assert isinstance(step, Awaitable)
    assert inspect.isawaitable(step)
    assert repr(step) == repr(coroutine)
    assert (step.__name__, step.__qualname__, step.cr_code) == ("echo", "echo", echo.__code__)
    assert step.cr_frame is coroutine.cr_frame
    with pytest.raises(AttributeError, match="no_such"):
        _ = step.no_such
    step.close()


def test_a_step_can_be_referred_to_weakly_and_dies_with_its_coroutine(books: Kept) -> None:
    coroutine = echo()
    step = books.keeper.Step(coroutine)
    coroutine.send(None)
    references = weakref.ref(step), weakref.ref(coroutine)

    del step, coroutine

    assert [reference() for reference in references] == [None, None]


def test_a_step_in_a_cycle_is_collected(books: Kept) -> None:
    async def holding(holder: list[object]) -> None:
        await suspend()
        holder.clear()

    holder: list[object] = []
    step = books.keeper.Step(holding(holder))
    holder.append(step)
    step.send(None)
    reference = weakref.ref(step)

    del step, holder
    gc.collect()

    assert reference() is None


def test_a_coroutine_that_never_starts_is_told_as_without_us(books: Kept) -> None:
    step = books.keeper.Step(echo())

    with pytest.warns(RuntimeWarning, match="echo.* was never awaited"):
        del step


def test_a_step_is_paid_to_the_owner_of_its_context_and_the_one_before_goes_on(either_clock: Kept) -> None:
    keeper, (mine, outer) = either_clock.keeper, either_clock.accounts(2)
    spent: list[int] = []

    async def work() -> None:
        spent.append(burn(3))
        await suspend()
        spent.append(burn(3))

    context = copy_context()
    context.run(either_clock.owner_var.set, mine)
    step = keeper.Step(work())
    keeper.switch_to(outer)
    context.run(step.send, None)
    between = keeper.current()
    with pytest.raises(StopIteration):
        context.run(step.send, None)
    keeper.switch_to(None)

    assert between is outer
    assert mine.self_ns == pytest.approx(sum(spent), rel=0.1)
    assert outer.self_ns < MS


def test_without_a_step_the_owner_before_pays(books: Kept) -> None:
    keeper, (mine, outer) = books.keeper, books.accounts(2)
    context = copy_context()
    context.run(books.owner_var.set, mine)
    keeper.switch_to(outer)

    context.run(burn, 3)

    keeper.switch_to(None)
    assert outer.self_ns >= 3 * MS
    assert mine.self_ns == 0


@pytest.mark.parametrize("act", ["send", "throw", "close"])
def test_the_owner_before_goes_on_after_a_step_that_fails(books: Kept, act: str) -> None:
    keeper, (mine, outer) = books.keeper, books.accounts(2)

    async def stubborn() -> None:
        try:
            await suspend()
        finally:
            raise KeyError("ours")

    context = copy_context()
    context.run(books.owner_var.set, mine)
    step = keeper.Step(stubborn())
    context.run(step.send, None)
    keeper.switch_to(outer)

    with pytest.raises(KeyError, match="ours"):
        context.run(getattr(step, act), *{"send": (None,), "throw": (ValueError("thrown"),), "close": ()}[act])

    assert keeper.current() is outer


def test_a_step_goes_on_when_the_ledger_is_stopped_and_started_within_it(books: Kept) -> None:
    keeper, (outer,) = books.keeper, books.accounts(1)

    async def restarting() -> str:
        keeper.stop()
        await suspend()
        books.open_anew()
        return "over"

    step = keeper.Step(restarting())
    keeper.switch_to(outer)
    step.send(None)

    assert value_of(step) == "over"
    assert keeper.current() is books.thread


@pytest.mark.parametrize("wrong", [(), (1, 2)])
def test_a_step_takes_one_coroutine(books: Kept, wrong: tuple[object, ...]) -> None:
    with pytest.raises(TypeError):
        books.keeper.Step(*wrong)


class Handmade(Coroutine[Any, Any, Any]):
    """A coroutine that is not the interpreter's, as Cython makes them."""

    def __init__(self) -> None:
        self.calls: list[object] = []

    def send(self, value: object) -> object:
        self.calls.append(value)
        if len(self.calls) == 3:
            raise StopIteration((1, 2))
        return len(self.calls)

    def throw(self, *problem: Any) -> object:
        raise problem[0]

    def close(self) -> None:
        self.calls.append("closed")

    def __await__(self) -> Generator[Any, Any, Any]:
        raise AssertionError("a step sends, throws and closes; nobody awaits what it wraps")


def test_a_coroutine_of_another_kind_is_stepped_too(books: Kept) -> None:
    handmade = Handmade()
    step = books.keeper.Step(handmade)

    assert step.send(None) == 1
    assert step.send("in") == 2
    assert value_of(step) == (1, 2)
    with pytest.raises(ValueError, match="thrown"):
        step.throw(ValueError("thrown"))
    step.close()
    assert handmade.calls == [None, "in", None, "closed"]


def test_steps_of_awaits_within_each_other_keep_their_owners(books: Kept) -> None:
    """A step that makes another one run, as a task does whose first step is taken eagerly."""
    keeper, (parent, child) = books.keeper, books.accounts(2)

    async def inner() -> None:
        burn(1)
        await suspend()

    async def outer(start: Callable[[], None]) -> None:  # ruff: ignore[unused-async]
        burn(1)
        start()
        burn(8)

    def run_child() -> None:
        context = copy_context()
        context.run(books.owner_var.set, child)
        context.run(keeper.Step(inner()).send, None)

    context = copy_context()
    context.run(books.owner_var.set, parent)
    with pytest.raises(StopIteration):
        context.run(keeper.Step(outer(run_child)).send, None)
    keeper.switch_to(None)

    assert parent.self_ns == pytest.approx(9 * MS, rel=0.1)
    assert child.self_ns == pytest.approx(1 * MS, rel=0.3)

"""Whatever happens, in whatever order: each nanosecond of a thread's clock is paid to one account and only one."""

import sys
import threading
import time
from collections.abc import Callable
from contextvars import copy_context
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kept import Kept, burn, in_thread

from codeops.instrument.ledger import pure

N = 5
INDEX = st.integers(0, N - 1)
EVENTS = st.one_of(
    st.tuples(st.just("switch"), INDEX),
    st.tuples(st.just("enter"), st.one_of(INDEX, st.none())),
    st.tuples(st.just("burn"), st.sampled_from([0, 5, 15, 30, 250])),  # µs: below and above each window of the clock
    st.tuples(st.just("burn"), st.sampled_from([0, 5, 15, 30, 250])),
    st.tuples(st.just("sleep"), st.sampled_from([1, 100])),
    st.tuples(st.just("finish"), INDEX),
    st.tuples(st.just("end"), INDEX, INDEX),
    st.tuples(st.just("move"), INDEX, INDEX),
    st.tuples(st.just("drop"), INDEX),
    st.tuples(st.just("settle")),
    st.tuples(st.just("resync")),
    st.tuples(st.just("collect"), st.sampled_from(["start", "stop"])),
    st.tuples(st.just("loop"), st.booleans()),
    st.tuples(st.just("step"), INDEX, INDEX),
    st.tuples(st.just("leave")),
)
FIXED = [
    ("switch", 0), ("burn", 250), ("step", 1, 2), ("burn", 5), ("end", 0, 3), ("switch", 0), ("burn", 15), ("finish", 4), ("switch", 4),
    *[("burn", 5), ("finish", 4), ("switch", 0), ("switch", 4)] * 10, ("burn", 5), ("drop", 4), ("loop", True), ("enter", None), ("burn", 30), ("collect", "start"), ("burn", 250),
    ("collect", "stop"), ("move", 1, 3), ("settle",), ("switch", 1), ("burn", 30), ("sleep", 100), ("leave",), ("enter", 2), ("burn", 15),
]  # fmt: skip


class Player:
    """Plays events on the books; an account that was dropped is replaced, one that was ended may still be paid."""

    def __init__(self, books: Kept) -> None:
        self.books, self.keeper = books, books.keeper
        self.accounts = books.accounts(N)
        self.ended: list[Any] = []

    def play(self, events: list[tuple[Any, ...]]) -> tuple[int, int]:
        """What was paid, and what the thread's clock said then."""
        self.keeper.switch_to(None)
        for name, *arguments in events:
            getattr(self, name)(*arguments)
        burn(1)  # more than what `finish` may have paid before the clock was read
        self.keeper.leave_thread()
        return self.books.paid_ns([*self.accounts, *self.ended]), self.books.known[threading.get_native_id()]

    def switch(self, index: int) -> None:
        self.keeper.switch_to(self.accounts[index])

    def enter(self, index: int | None) -> None:
        self.keeper.enter(None if index is None else self.accounts[index])

    def burn(self, us: int) -> None:
        burn(us / 1000)

    def sleep(self, us: int) -> None:
        time.sleep(us / 1e6)

    def finish(self, index: int) -> None:
        account = self.accounts[index]
        assert self.keeper.finish(account) == account.self_ns

    def end(self, index: int, heir: int) -> None:
        if index == heir or self.accounts[index].is_ended:
            return
        try:
            self.accounts[index].end(self.accounts[heir])
        except ValueError:
            assert self.accounts[heir].is_ended  # in this one
            return
        self.ended.append(self.accounts[index])

    def move(self, index: int, heir: int) -> None:
        if not self.accounts[index].is_ended and not self.accounts[heir].is_ended and index != heir:
            self.accounts[index].move(self.accounts[heir])

    def drop(self, index: int) -> None:
        if not any(other is self.accounts[index] for other in self.ended):
            self.keeper.set_drop(self.accounts[index])
            self.books.owner_var.set(None)
        self.accounts[index] = self.keeper.Account()

    def settle(self) -> None:
        self.keeper.settle_all()

    def resync(self) -> None:
        self.keeper.resync()

    def collect(self, phase: str) -> None:
        self.keeper.collecting(phase, {})

    def loop(self, is_loop: bool) -> None:
        self.keeper.mark_loop(is_loop)

    def step(self, index: int, inner: int) -> None:
        before = self.keeper.current()

        async def work() -> int:  # ruff: ignore[unused-async]
            burn(0.01)
            self.keeper.enter(self.accounts[inner])
            burn(0.01)
            return 7

        def stepping() -> None:
            self.books.owner_var.set(self.accounts[index])
            with pytest.raises(StopIteration, match="7"):
                self.keeper.Step(work()).send(None)

        copy_context().run(stepping)
        assert self.keeper.current() is before

    def leave(self) -> None:
        self.keeper.leave_thread()  # and comes back with the next event


def played(books: Kept, events: list[tuple[Any, ...]]) -> tuple[int, int]:
    return in_thread(lambda: Player(books).play(events))


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=st.lists(EVENTS, max_size=30))
def test_every_nanosecond_is_paid_once(keeper: ModuleType, clock: str, events: list[tuple[Any, ...]]) -> None:
    with Kept(keeper, is_exact=clock == "exact") as books:
        paid_ns, clock_ns = played(books, events)

    assert paid_ns == clock_ns


def test_a_fixed_course_of_all_events_is_paid_once(either_clock: Kept) -> None:
    paid_ns, clock_ns = played(either_clock, FIXED)

    assert paid_ns == clock_ns


MUTANTS = {
    "what is left is paid to nobody": ("_credit(rest_to if rest_to is not None else thread.owner, due)", "pass"),
    "what is pending is paid twice": ("            left -= part_ns\n", ""),
    "an heir gets nothing": ("            self._add_to(heir)\n            self._heir = heir", "            self._heir = heir"),
    "what comes late goes to nobody": ("    account.late_ns += ns\n\n\ndef _settle", "\n\ndef _settle"),
    "what `finish` paid is paid again": ("thread.ahead_ns += pending_ns", "pass"),
    "a thread that comes back is paid anew": ("known_ns = _known_ns.get(thread.tid, 0)", "known_ns = 0"),
    "a dropped account leaves nothing": ("guarded(_credit, self._drop, self.self_ns + self.late_ns)", "pass"),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_broken_ledger_is_noticed(mutant: str, broken: Callable[[str, str], ModuleType]) -> None:
    with Kept(broken(*MUTANTS[mutant])) as books:
        paid_ns, clock_ns = played(books, FIXED)

    assert paid_ns != clock_ns


@pytest.fixture
def broken(tmp_path: Path) -> Callable[[str, str], ModuleType]:
    """The ledger in Python with one passage replaced."""

    def made(old: str, new: str) -> ModuleType:
        text = Path(pure.__file__).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"the ledger no longer has the passage {old!r}"
        file = tmp_path / "broken.py"
        file.write_text(text.replace(old, new), encoding="utf-8")
        spec = spec_from_file_location("broken", file)
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return made


def test_the_ledger_in_c_does_what_the_one_in_python_does() -> None:
    """Both are what `_native.c` and `pure.py` say, or a test on both would test one of them twice."""
    native = sys.modules["codeops.instrument.ledger._native"]

    assert {name for name in pure.__all__ if not hasattr(native, name)} == set()
    assert native.Account is not pure.Account

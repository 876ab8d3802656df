"""Counted instead of timed: the instructions that requests of base and head execute, under one hash seed.

Nothing is timed, so both sides are at it at the same time. A seed moves the count of one and the same code by up to 0.7 %, and
of code that differs in what does not matter by up to 0.4 %; therefore several seeds, and the mean over them (the project's
campaign on the statistics of the CPU gate, section 4, 2026-11).
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Self

from codeops.bench.counters import bytecode, callgrind
from codeops.bench.pairs.pair import Lane
from codeops.bench.side import Side, Start, Subject
from codeops.core.errors import SuiteError, UnsupportedCounter
from codeops.core.suite import Suite
from codeops.keeper import temporary_folder

__all__ = ["Counted", "count_bytecode", "count_instructions"]

_WARM_LAPS = 4  # valgrind alone makes them five times as slow, callgrind's counting eighty times
_BYTECODE_PART = 4  # of a lap


@dataclass(slots=True)
class Counted:
    """What was counted: `instructions` of base and head by route, and what went wrong with the others, in words."""

    instructions: dict[str, tuple[int, int]] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Errand:
    """One route: requests that warm it, and those that are counted; the same numbers on both sides."""

    route: str
    cases: tuple[int, int]
    warm_start: int
    start: int
    washing: int
    requests: int

    @classmethod
    def of(cls, lane: Lane) -> "_Errand":
        washing = max(1, lane.washing)
        warm_start, start = lane.take(_WARM_LAPS * lane.requests), lane.take(washing + lane.requests)
        return cls(lane.route, (lane.base, lane.head), warm_start, start, washing, lane.requests)


def count_instructions(sides: Sequence[tuple[Suite, Start]], lanes: Sequence[Lane]) -> Counted:
    """What base and head, `sides`, execute in requests of these routes; a route that fails is tried no more, the others are."""
    found, left = Counted(), list(lanes)
    while left:
        failed = _attempt(sides, [_Errand.of(lane) for lane in left], found)
        left = [lane for lane in left if lane.route in failed and lane.route not in found.problems]
    return found


def _attempt(sides: Sequence[tuple[Suite, Start]], errands: Sequence[_Errand], found: Counted) -> set[str]:
    """Counts what it can; the routes that are left when a side failed."""
    with temporary_folder("codeops-counts-") as folder, ThreadPoolExecutor(len(sides)) as pool, ExitStack() as stack:
        workers = []
        for number, (suite, start) in enumerate(sides):
            dumps = Path(folder, str(number))
            dumps.mkdir()
            workers.append(stack.enter_context(Side(suite, callgrind.started(start, str(dumps)))))
        counting = [pool.submit(_Count().carry_out, worker, place, errands) for place, worker in enumerate(workers)]
        base, head = (future.result() for future in counting)
    for one in (base, head):
        found.problems |= one.problems
    for route in base.instructions.keys() & head.instructions.keys():
        found.instructions[route] = base.instructions[route], head.instructions[route]
    return {errand.route for errand in errands} - found.instructions.keys()


class _Count:
    """What one side executes; `asked` are the routes that are being asked for, all of them while it starts."""

    def __init__(self) -> None:
        self.instructions: dict[str, int] = {}
        self.problems: dict[str, str] = {}
        self.asked: list[str] = []

    def carry_out(self, side: Side, place: int, errands: Sequence[_Errand]) -> Self:
        """Warms all routes before any is counted, because from then on everything is slow."""
        self.asked = [errand.route for errand in errands]
        try:
            self._carry_out(side.wait(), place, errands)
        except SuiteError as problem:
            self.problems = dict.fromkeys(self.asked, f"{problem.title}, {problem.why.splitlines()[0]}")
        return self

    def _carry_out(self, side: Side, place: int, errands: Sequence[_Errand]) -> None:
        for errand in errands:
            self.asked = [errand.route]
            side.time(errand.cases[place], errand.warm_start, 0, _WARM_LAPS * errand.requests)
        side.settle()
        for errand in errands:
            self.asked = [errand.route]
            counted = side.count(errand.cases[place], errand.start, errand.washing, errand.requests, "callgrind")
            self.instructions[errand.route] = counted


def count_bytecode(base: Subject, head: Subject, lane: Lane) -> tuple[Decimal, Decimal] | None:
    """The bytecode instructions of a request on base and head; None where they differ from one time to the next, or are not told."""
    if not bytecode.is_available():
        return None
    requests = max(1, lane.requests // _BYTECODE_PART)
    start = lane.take(requests)
    try:
        counted = [
            {subject.count(number, start, 0, requests, "bytecode") for _ in range(2)}
            for subject, number in ((base, lane.base), (head, lane.head))
        ]
    except UnsupportedCounter:  # the code under measurement has taken all places for itself
        return None
    if any(len(found) > 1 for found in counted):
        return None
    was, now = (Decimal(found.pop()) / requests for found in counted)
    return was, now

"""A pair of processes: base and head open side by side, and laps of both in turns.

What moves CPU time from one moment to the next (a neighbour, the clock of the processor, a cold cache) lasts longer than a few
milliseconds, so two laps of 5 ms that follow each other see the same of it, and the median over many such couples sees none.
What is left is the luck of a process: where its memory lies, how its dictionaries are hashed. That is one draw for a pair,
however long it is measured, and why several pairs are needed.

Source: the project's campaign on the statistics of the CPU gate, section 1 (2026-11): sampler, length of laps, order, washing.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import starmap
from math import ceil, log
from random import Random
from statistics import fmean, median

from codeops.bench.block import Block
from codeops.bench.lap import Lap, processors
from codeops.bench.side import Subject

__all__ = ["Course", "Lane", "run"]

_LAP_NS = 5_000_000
_WARM_NS = 30_000_000
_WASHING = 5  # for five requests that are timed, one before them is not, on average
_LONGEST_WASHED_NS = 50_000_000  # a request that takes longer than this warms its caches itself
_VISITS, _ROUNDS = 4, 6
_LANE_NS = 500_000_000  # of both sides together, for a route in one pair; slow routes get fewer rounds
_FEWEST_ROUNDS = 3
_LEAST_REQUESTS, _MOST_COUPLES, _FEWEST_GROUPS = 16, 4, 3


@dataclass(slots=True, kw_only=True)
class Lane:
    """One route in a pair: its case on each side, and how it is measured there.

    Units: `requests` in a lap, and `washing` before it on average; `rounds` of one lap on each side in a visit; `next` is the number of
    the next iteration, the same on both sides.
    """

    route: str
    base: int
    head: int
    next: int = 0
    requests: int = 1
    washing: int = 0
    visits: int = _VISITS
    rounds: int = _ROUNDS

    def take(self, iterations: int) -> int:
        """The number of the first of `iterations` new iterations."""
        self.next += iterations
        return self.next - iterations


@dataclass(slots=True)
class Course:
    """What one pair measured of one route: laps that follow each other, and requests that were counted.

    Units: `instructions` of as many requests of base and head, `bytecode` instructions of a request, None where they are not known.
    """

    base: list[Lap] = field(default_factory=list)
    head: list[Lap] = field(default_factory=list)
    base_counted: list[Block] = field(default_factory=list)
    head_counted: list[Block] = field(default_factory=list)
    instructions: tuple[int, int] | None = None
    bytecode: tuple[Decimal, Decimal] | None = None

    @property
    def cpu(self) -> float:
        """The logarithm of head / base of the CPU of a request: mean within groups of couples of laps, median over the groups.

        The mean inside keeps what a slow request in ten costs; the median leaves out groups that something came between.
        A group is one couple where its laps are long enough to hold a rare request, and up to four where they are not.
        """
        return median(log(max(head_ns, 1) / max(base_ns, 1)) for base_ns, head_ns in self._groups())

    def _groups(self) -> Iterator[tuple[int, int]]:
        """The CPU of base and head in each group."""
        couples = list(zip(self.base, self.head, strict=True))
        wanted = ceil(_LEAST_REQUESTS / couples[0][0].requests)
        count = max(len(couples) // min(wanted, _MOST_COUPLES), min(len(couples), _FEWEST_GROUPS))
        for number in range(count):
            group = couples[number * len(couples) // count : (number + 1) * len(couples) // count]
            yield sum(base.cpu_ns for base, _ in group), sum(head.cpu_ns for _, head in group)

    @property
    def counted(self) -> float | None:
        """The logarithm of head / base of the instructions of as many requests; None where they were not counted."""
        return None if self.instructions is None else log(self.instructions[1] / self.instructions[0])

    @property
    def memory(self) -> float | None:
        """By how many GiB·s a request of the head holds more than one of the base; None where the system does not tell."""
        sides = list(starmap(_held_gib_s, ((self.base_counted, self.base), (self.head_counted, self.head))))
        return None if sides[0] is None or sides[1] is None else sides[1] - sides[0]


def run(base: Subject, head: Subject, lanes: Sequence[Lane], counted: int, random: Random) -> dict[str, Course]:
    """One course of each of the lanes, in a pair of sides that have just been opened.

    `counted` requests of each route are counted on each side before anything is timed.

    Raises: SuiteError.
    """
    courses = {lane.route: Course() for lane in lanes}
    _settle(base, head)  # before each block of counted requests garbage is collected: all that was imported is no part of it
    for lane in lanes:
        _count(base, head, lane, courses[lane.route], counted)
        _warm(base, head, lane)
    _settle(base, head)
    allowed = processors()
    for visit in range(_VISITS):
        present = [lane for lane in lanes if visit < lane.visits]
        for lane in random.sample(present, len(present)):
            _visit(base, head, lane, courses[lane.route], random, processor=random.choice(allowed))
    return courses


def _settle(base: Subject, head: Subject) -> None:
    for side in (base, head):
        side.settle()


def _count(base: Subject, head: Subject, lane: Lane, course: Course, requests: int) -> None:
    start = lane.take(requests)
    course.base_counted.append(base.measure(lane.base, start, requests))
    course.head_counted.append(head.measure(lane.head, start, requests))


def _warm(base: Subject, head: Subject, lane: Lane) -> None:
    """Laps that grow until the route is warm on both sides, and how long its laps have to be."""
    requests, spent_ns = 1, 0
    longest: list[Lap] = []
    while True:
        start = lane.take(requests)
        laps = [base.time(lane.base, start, 0, requests), head.time(lane.head, start, 0, requests)]
        spent_ns += sum(lap.cpu_ns for lap in laps)
        longest = laps if not longest or requests >= longest[0].requests else longest
        if spent_ns >= 2 * _WARM_NS or sum(lap.wall_ns for lap in laps) >= 2 * _WARM_NS:
            break
        requests = max(1, min(2 * requests, ceil(requests * (2 * _WARM_NS / max(spent_ns, 1) - 1))))
    cpu_ns, wall_ns = (fmean(getattr(lap, name) / lap.requests for lap in longest) for name in ("cpu_ns", "wall_ns"))
    _plan(lane, cpu_ns, wall_ns)


def _plan(lane: Lane, cpu_ns: float, wall_ns: float) -> None:
    lane.requests = max(1, round(_LAP_NS / max(cpu_ns, wall_ns / 4, 1)))
    lane.washing = max(1, lane.requests // _WASHING) if wall_ns < _LONGEST_WASHED_NS else 0
    couple_ns = 2 * (lane.requests + lane.washing) * max(wall_ns, 1)
    couples = max(_FEWEST_ROUNDS, min(_VISITS * _ROUNDS, round(_LANE_NS / couple_ns)))
    lane.visits = min(_VISITS, max(1, couples // _FEWEST_ROUNDS))
    lane.rounds = max(1, round(couples / lane.visits))


def _visit(base: Subject, head: Subject, lane: Lane, course: Course, random: Random, processor: int) -> None:
    """Couples of laps of one route, with more or fewer requests between them: what comes every tenth request is not in all, or in none."""
    order = random.sample(((base, lane.base, course.base), (head, lane.head, course.head)), 2)
    for _ in range(lane.rounds):
        washing = random.randint(1, 2 * lane.washing) if lane.washing else 0
        start = lane.take(washing + lane.requests)
        for side, number, laps in order:
            laps.append(side.time(number, start, washing, lane.requests, processor))


def _held_gib_s(blocks: Iterable[Block], laps: Sequence[Lap]) -> float | None:
    """The most that a counted block held, times the time that a request takes when nothing is counted."""
    held = [block.held_bytes for block in blocks if block.held_bytes is not None]
    if not held:
        return None
    wall_s = median(lap.wall_ns / lap.requests for lap in laps) / 1e9
    return max(held) / 2**30 * wall_s

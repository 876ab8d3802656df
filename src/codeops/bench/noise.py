"""The noise of this machine: one and the same code as base and as head, in pairs like those of a comparison."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from random import SystemRandom
from statistics import fmean
from tempfile import gettempdir

from codeops.bench import noise_work
from codeops.bench.measurement import Progress
from codeops.bench.pairs.pair import Course, Lane, run
from codeops.bench.side import Side, Start
from codeops.core.suite import FunctionCase, Suite

__all__ = ["Noise", "measure_noise"]

_SEEDS = 2**32
_FEWEST_PAIRS = 3


@dataclass(slots=True)
class Noise:
    """What pairs of the same code found, by route.

    Units: `changes` logarithms of head / base of each pair, where the truth is 0; `levels` nanoseconds of CPU of a request in each
    process, in the order in which they ran, base before head; `seconds` that one pair takes.
    """

    changes: dict[str, list[float]] = field(default_factory=dict)
    levels: dict[str, list[float]] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def pairs(self) -> int:
        """How many pairs were measured."""
        return min((len(changes) for changes in self.changes.values()), default=0)


def measure_noise(seconds: float, on_progress: Callable[[Progress], None] | None = None, suite: Suite | None = None) -> Noise:
    """As many pairs as begin within `seconds`, three at least, of the cases of `suite` or of four of our own.

    Raises: SuiteError.
    """
    measured, found, random, begin_s = suite or _own_suite(), Noise(), SystemRandom(), time.monotonic()
    spent_s, pairs = 0.0, 0
    while pairs < _FEWEST_PAIRS or spent_s < seconds:
        if on_progress is not None:
            on_progress(Progress(f"pair {pairs + 1}", min(spent_s / seconds, 1.0), 1))
        start = Start(env={"PYTHONHASHSEED": str(random.randrange(_SEEDS))})
        with Side(measured, start) as base, Side(measured, start) as head:
            base.demand_ready()
            head.demand_ready()
            lanes = [Lane(route=case.route, base=number, head=number) for number, case in enumerate(measured.cases)]
            for route, course in run(base, head, lanes, 1, random).items():
                _add(found, route, course)
        pairs, spent_s = pairs + 1, time.monotonic() - begin_s
    found.seconds = spent_s / pairs
    return found


def _own_suite() -> Suite:
    cases = tuple(FunctionCase(route=name, call=f"{noise_work.__name__}:{name}") for name in noise_work.ROUTES)
    return Suite(root=gettempdir(), functions=cases)


def _add(found: Noise, route: str, course: Course) -> None:
    found.changes.setdefault(route, []).append(course.cpu)
    found.levels.setdefault(route, []).extend(fmean(lap.cpu_ns / lap.requests for lap in laps) for laps in (course.base, course.head))

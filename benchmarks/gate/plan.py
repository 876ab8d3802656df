"""What the studies run: every scenario with how often, so that what a file of results lacks can be run, and nothing twice."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from endtoend import Run
from peers import PEERS, PeerRun
from projects import ROUTES, Scenario

__all__ = ["PARTS", "SLOWDOWNS", "Part", "missing", "missing_peers"]

SLOWDOWNS = (1, 2, 3, 5, 8, 11, 15, 30)
"""Percent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Scenarios with how often each; `counter` is what the gate is asked to use, `minutes` about how long it takes on two cores."""

    name: str
    words: str
    scenarios: tuple[tuple[Scenario, int], ...]
    minutes: int
    counter: str = "cpu"
    at_once: int = 2


def _each(tolerance: float, points: Sequence[float], times: int) -> Iterator[tuple[Scenario, int]]:
    for more in points:
        yield from ((Scenario(kind="slow", more={route: more}, tolerance=tolerance), times) for route in ROUTES)


def _still(tolerance: float, times: int, copies: int = 1) -> list[tuple[Scenario, int]]:
    edited = [(Scenario(kind="irrelevant", edits=edits, tolerance=tolerance, copies=copies), max(1, times // 3)) for edits in (3, 9, 15)]
    return [(Scenario(kind="same", tolerance=tolerance, copies=copies), times), *edited]


PARTS = (
    Part(name="still", words="the same code and irrelevant edits, tolerance 8 %", scenarios=tuple(_still(8, 150)), minutes=45),
    Part(name="slow", words="one route slowed, tolerance 8 %", scenarios=tuple(_each(8, SLOWDOWNS, 1)), minutes=10),
    Part(name="fine", words="tolerance 3 %", scenarios=(*_still(3, 3), *_each(3, (6,), 1)), minutes=3),
    Part(
        name="at-tolerance",
        words="every route slowed by exactly the tolerance",
        scenarios=tuple((Scenario(kind="at tolerance", more=dict.fromkeys(ROUTES, more), tolerance=more), 5) for more in (8, 3)),
        minutes=5,
    ),
    Part(
        name="tail", words="every tenth request 2.5 times as slow", scenarios=((Scenario(kind="tail", tail={"json": 2.5}), 5),), minutes=2
    ),
    Part(
        name="many",
        words="48 routes",
        scenarios=((Scenario(kind="same", copies=8), 2), (Scenario(kind="slow", more={"orm": 15}, copies=8), 1)),
        minutes=5,
        at_once=1,
    ),
    Part(
        name="time",
        words="one run at a time",
        scenarios=((Scenario(kind="alone"), 7), (Scenario(kind="alone", more={"orm": 15}), 7)),
        minutes=4,
        at_once=1,
    ),
    Part(
        name="instructions",
        words="instructions counted, tolerance 1 %",
        scenarios=(*_still(1, 3), *_each(1, (2,), 1)),
        minutes=15,
        counter="instructions",
        at_once=1,
    ),
)


def missing(part: Part, runs: Sequence[Run]) -> list[Scenario]:
    """What of a part has not been run yet, in turns over its scenarios."""
    done = Counter(_key_of_run(run) for run in runs if run.counter == part.counter)
    left = [(scenario, max(0, times - done[_key(scenario)])) for scenario, times in part.scenarios]
    turns = max((count for _, count in left), default=0)
    return [scenario for turn in range(turns) for scenario, count in left if turn < count]


def _key(scenario: Scenario) -> tuple[object, ...]:
    return scenario.kind, float(scenario.tolerance), scenario.edits, scenario.copies, tuple(sorted(scenario.more.items()))


def _key_of_run(run: Run) -> tuple[object, ...]:
    return run.kind, float(run.tolerance), run.edits, run.copies, tuple(sorted(run.more.items()))


def missing_peers(runs: Sequence[PeerRun], still: int = 6, slowed: int = 1) -> list[tuple[str, float]]:
    """Which tool has still to be run, and with how many percent more work."""
    done = Counter((run.tool, run.more) for run in runs)
    wanted = {(tool, float(more)): slowed if more else still for more in (0, *SLOWDOWNS) for tool in PEERS}
    return [key for key, times in wanted.items() for _ in range(times - done[key])]

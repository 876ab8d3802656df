"""The rule on recorded pairs: thousands of runs in minutes, with changes of a known size put into the logarithms.

The rule is the gate's own (`codeops.gate.paired.decide`), at its own looks; only the pairs are drawn instead of measured.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log1p
from random import Random
from statistics import fmean

from codeops.bench.noise import Noise
from codeops.core.report import Verdict
from codeops.pipeline.noise import centred, simulate

__all__ = ["CASES", "Cell", "grown", "resample"]

CASES = ("none", "one +1", "one +3", "one +5", "one +8", "all at tolerance")
"""What changes: nothing, one route by its tolerance and so many points, or every route by exactly its tolerance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """How runs of one kind ended. Units: shares of all runs; `pairs` and `seconds` are means over them."""

    case: str
    tolerance: float
    routes: int
    runs: int
    failed: float
    open: float
    pairs: float
    seconds: float


def resample(noise: Noise, tolerance: float, case: str, runs: int, seed: int = 20261127) -> Cell:
    """So many simulated runs of one case."""
    still, random = centred(noise), Random(seed)  # ruff: ignore[suspicious-non-cryptographic-random-usage] - simulated runs
    routes = list(still.changes)
    ended, pairs = Counter[Verdict](), []
    for number in range(runs):
        verdict, taken = simulate(still, tolerance, _added(case, tolerance, routes, number), random)
        ended[verdict] += 1
        pairs.append(taken)
    return Cell(
        case=case,
        tolerance=tolerance,
        routes=len(routes),
        runs=runs,
        failed=ended[Verdict.FAIL] / runs,
        open=ended[Verdict.INCONCLUSIVE] / runs,
        pairs=fmean(pairs),
        seconds=fmean(pairs) * still.seconds,
    )


def _added(case: str, tolerance: float, routes: Sequence[str], number: int) -> Mapping[str, float]:
    if case == "none":
        return {}
    if case == "all at tolerance":
        return dict.fromkeys(routes, log1p(tolerance))
    points = float(case.removeprefix("one +"))
    return {routes[number % len(routes)]: log1p(tolerance + points / 100)}


def grown(noise: Noise, copies: int, seed: int = 1) -> Noise:
    """The noise of so many times the routes: each copy has the same pairs in an order of its own."""
    random, changes = Random(seed), {}  # ruff: ignore[suspicious-non-cryptographic-random-usage] - an order
    for copy in range(copies):
        order = random.sample(range(noise.pairs), noise.pairs)
        changes |= {f"{route}{copy}": [values[pair] for pair in order] for route, values in noise.changes.items()}
    return Noise(changes=changes, levels=noise.levels, seconds=noise.seconds * copies)

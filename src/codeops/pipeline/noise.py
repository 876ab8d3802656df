"""What the noise of a machine means for a gate on it: how often it would cry wolf, and how small a change it sees.

Runs are simulated: each draws pairs that were measured of the same code, adds a change of a known size to one route, and asks the
rule that a comparison asks, at the same looks. The pairs are drawn as they were, all routes of a pair together.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, log1p, sqrt
from random import Random
from statistics import fmean, pstdev

from codeops.bench.noise import Noise
from codeops.core.report import Verdict
from codeops.gate.evidence import BY_CPU
from codeops.gate.paired import Limits, decide, estimate, looks_for

__all__ = ["TOLERANCES", "Prospect", "Tolerance", "centred", "prospect_of", "simulate"]

TOLERANCES = (0.03, 0.05, 0.08, 0.12, 0.2)
"""The tolerances that are looked at, as ratios."""

_BEYOND = (0.02, 0.03, 0.04, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3)
_RUNS = 500
_POWER, _MOST_OPEN, _MOST_ALARMS = 0.95, 0.05, 0.01
_SEED = 20261126
_SEQUENTIAL = 0.08


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """How a gate with one tolerance does here.

    Units: `tolerance` and `detects` ratios, `detects` the least change that fails in 95 of 100 runs, None where none that was tried
    does; `alarms` and `open` are shares of runs without a change; `seconds` are what 95 of 100 runs with such a change need.
    """

    tolerance: float
    alarms: float
    open: float
    detects: float | None
    seconds: float

    @property
    def is_fit(self) -> bool:
        """Whether teams would keep the gate on."""
        return self.detects is not None and self.alarms <= _MOST_ALARMS and self.open <= _MOST_OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """The machine and the gates on it.

    Units: `spread` is the standard deviation of a route's change in one pair, the median route's, as a ratio; `drift` that of its
    level from process to process; `sequential` the share of comparisons of two runs one after the other, without a change, in which
    some route differs by more than 8 %.
    """

    pairs: int
    routes: int
    seconds: float
    spread: float
    drift: float
    sequential: float
    tolerances: tuple[Tolerance, ...]

    @property
    def suggested(self) -> Tolerance | None:
        """The finest tolerance that is fit for this machine."""
        return next((one for one in self.tolerances if one.is_fit), None)


def prospect_of(noise: Noise, tolerances: Sequence[float] = TOLERANCES, runs: int = _RUNS) -> Prospect:
    """What the noise means for gates with these tolerances, by so many simulated runs of each kind."""
    columns = sorted(noise.changes)
    spreads = sorted(sqrt(fmean(change * change for change in noise.changes[route])) for route in columns)
    still = centred(noise)
    drifts = sorted(pstdev(noise.levels[route]) / fmean(noise.levels[route]) for route in columns)
    return Prospect(
        pairs=noise.pairs,
        routes=len(columns),
        seconds=noise.seconds,
        spread=spreads[len(spreads) // 2],
        drift=drifts[len(drifts) // 2],
        sequential=_sequential(noise),
        tolerances=tuple(_tolerance(still, tolerance, runs) for tolerance in tolerances),
    )


def centred(noise: Noise) -> Noise:
    """Without what the pairs of a route have in common by chance: the truth is known to be 0."""
    return replace(noise, changes={route: _centred(changes) for route, changes in noise.changes.items()})


def _centred(changes: list[float]) -> list[float]:
    found = estimate(changes, BY_CPU.floor)
    return [change - found.mean for change in changes] if found else changes


def _sequential(noise: Noise) -> float:
    """Base of one pair against head of the next: two processes that ran one after the other."""
    pairs = range(noise.pairs - 1)
    wrong = [any(levels[2 * pair + 3] / levels[2 * pair] - 1 > _SEQUENTIAL for levels in noise.levels.values()) for pair in pairs]
    return fmean(wrong)


def _tolerance(noise: Noise, tolerance: float, runs: int) -> Tolerance:
    still, _ = _simulate(noise, tolerance, 0.0, runs)
    alarms, undecided = (still[verdict] / runs for verdict in (Verdict.FAIL, Verdict.INCONCLUSIVE))
    ends = {}

    def fails(beyond: float) -> bool:
        ends[beyond] = _simulate(noise, tolerance, tolerance + beyond, runs)
        return ends[beyond][0][Verdict.FAIL] >= _POWER * runs

    first = bisect_left(_BEYOND, 1, key=fails)  # a larger change is not seen less often
    if first == len(_BEYOND):
        return Tolerance(tolerance=tolerance, alarms=alarms, open=undecided, detects=None, seconds=0.0)
    _, pairs = ends[_BEYOND[first]]
    seconds = sorted(pairs)[ceil(_POWER * runs) - 1] * noise.seconds
    return Tolerance(tolerance=tolerance, alarms=alarms, open=undecided, detects=tolerance + _BEYOND[first], seconds=seconds)


def _simulate(noise: Noise, tolerance: float, change: float, runs: int) -> tuple[Counter[Verdict], list[int]]:
    """How runs end in which the first route changes by `change`, and after how many pairs."""
    random, ends, pairs = Random(_SEED), Counter[Verdict](), []  # ruff: ignore[suspicious-non-cryptographic-random-usage] - simulated runs
    for number in range(runs):
        changed = list(noise.changes)[number % len(noise.changes)]
        verdict, taken = simulate(noise, tolerance, {changed: log1p(change)}, random)
        ends[verdict] += 1
        pairs.append(taken)
    return ends, pairs


def simulate(noise: Noise, tolerance: float, added: Mapping[str, float], random: Random) -> tuple[Verdict, int]:
    """How one run ends in which routes change by `added` (logarithms), and after how many pairs.

    Each pair is drawn once before any is drawn again, because three times the same pair would look like certainty.
    """
    order = random.sample(range(noise.pairs), noise.pairs)
    samples: dict[str, list[float]] = {route: [] for route in noise.changes}
    limits = dict.fromkeys(samples, Limits.of(tolerance))
    undecided = set(samples)
    for look in looks_for(len(samples)):
        for route in undecided:
            taken = range(len(samples[route]), look)
            samples[route] += [noise.changes[route][order[pair % noise.pairs]] + added.get(route, 0.0) for pair in taken]
        decisions = decide(samples, limits)
        undecided = {route for route, decision in decisions.items() if decision.verdict is Verdict.INCONCLUSIVE}
        if any(decision.verdict is Verdict.FAIL for decision in decisions.values()):
            return Verdict.FAIL, look
        if not undecided:
            return Verdict.PASS, look
    return Verdict.INCONCLUSIVE, look

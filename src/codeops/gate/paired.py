"""The paired rule: what pairs of interleaved processes prove about each route at one look.

One pair of processes (base, head) measured in turns gives one value per route, y = ln(cost of head / cost of base). After
3, 4, 5, 6, 8, 10, 13, 17, 22 and 28 pairs each route fails, passes, or stays open; with many routes ten looks reach to 40.
The risks alpha (a false alarm in the whole run, over all routes and looks) and beta (a wrong pass of a route) are spent in
equal parts over the looks; by the union bound that holds for every dependence between looks. Over the routes Holm's
correction holds alpha.

Sources: trimmed mean and winsorised variance: Yuen, Biometrika 61 (1974), 165-170. Holm, Scandinavian Journal of Statistics
6 (1979), 65-70. The schedule, the floor and the prior come from the project's own campaign of 108 process pairs per route
on a shared virtual machine (2026-11), in which 27,000 simulated runs without a change gave no false alarm; docs/gate.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, exp, inf, isfinite, log1p, sqrt
from statistics import median

from codeops.core.report import Verdict
from codeops.gate.evidence import BY_CPU, Precision
from codeops.gate.student import quantile, survival

__all__ = ["ALPHA", "BETA", "FEW_ROUTES", "LOOKS", "Decision", "Estimate", "Limits", "decide", "estimate", "looks_for"]

LOOKS = (3, 4, 5, 6, 8, 10, 13, 17, 22, 28)
"""After how many pairs the rule is asked."""

FEW_ROUTES = 20
"""Up to how many routes these looks do."""

_LOOKS_AT_MANY = (3, 4, 5, 6, 8, 11, 15, 20, 28, 40)  # as many, so that each spends the same part of the risks

ALPHA = 0.01
"""The risk of a false alarm in one run, over all routes and looks."""

BETA = 0.05
"""The risk that a route which is worse than its tolerance by the margin passes."""

_FEWEST = 3
_TRIM = 0.2
_PRIOR_FLOORS, _PRIOR_DF, _PRIOR_ROUTES = 4.0, 4, 4  # a pair usually spreads by four floors; that weighs 4 degrees, from 4 routes on
_LEAST_SHARE = 1e-6
_EFFICIENCY = 0.6  # a fifth trimmed at each end leaves this share of the pairs


@dataclass(frozen=True, slots=True)
class Limits:
    """Between which changes of its cost a route is told apart.

    Units: logarithms of head / base: `fail` is the tolerance, `passing` the tolerance with the margin on top.
    """

    fail: float
    passing: float

    @classmethod
    def of(cls, tolerance: float, margin: float = BY_CPU.margin) -> "Limits":
        """The limits of a `tolerance` and `margin` in ratios: 0.08 and 0.03.

        Example:
            >>> Limits.of(0.08)
            Limits(fail=0.0769..., passing=0.1043...)
        """
        return cls(log1p(tolerance), log1p(tolerance + margin))


@dataclass(frozen=True, slots=True)
class Decision:
    """What one look says about a route.

    `verdict` inconclusive means open: go on measuring. `mid`, `low` and `high` are logarithms of head / base with the
    two-sided 95 % interval, infinite bounds and a mid of 0 where there are fewer than three pairs.
    Units: `pairs` and `further` are process pairs; `further` is None where no number of pairs would decide.
    """

    verdict: Verdict
    pairs: int
    mid: float = 0.0
    low: float = -inf
    high: float = inf
    further: int | None = 0

    @property
    def ratio(self) -> float:
        """The change as a ratio: 0.05 is 5 % more."""
        return exp(self.mid) - 1


@dataclass(frozen=True, slots=True)
class Estimate:
    """The trimmed mean of values with what its error is made of."""

    mean: float
    variance: float
    kept: int
    floor: float

    @property
    def error(self) -> float:
        """The standard error of the mean."""
        return max(sqrt(self.variance), self.floor) / sqrt(self.kept)

    @property
    def df(self) -> int:
        """The degrees of freedom of the error."""
        return self.kept - 1

    @property
    def half(self) -> float:
        """Half the width of the two-sided 95 % interval."""
        return quantile(0.975, self.df) * self.error


def looks_for(routes: int) -> tuple[int, ...]:
    """After how many pairs the rule is asked when `routes` are measured: among many one is slower to be proven.

    Example:
        >>> looks_for(6)[-1], looks_for(48)[-1]
        (28, 40)
    """
    return LOOKS if routes <= FEW_ROUTES else _LOOKS_AT_MANY


def decide(
    samples: Mapping[str, Sequence[float]],
    limits: Mapping[str, Limits],
    *,
    precisions: Mapping[str, Precision] | None = None,
    shares: Mapping[str, float] | None = None,
    looks: int = len(LOOKS),
    alpha: float = ALPHA,
    beta: float = BETA,
) -> dict[str, Decision]:
    """What one look at `samples` (route to its values y) says about each route.

    All routes of the run take part, also those decided before with the pairs they had then: the corrections count them.
    A value that is not finite comes from a pair in which one side did not answer; it is left out.
    `precisions` are those of routes that are not timed. `shares` is how much of a route's base cost is measured in pairs, all of it
    where left out: the rest is exact.
    """
    complete = {route: [y for y in values if isfinite(y)] for route, values in samples.items()}
    fine = {route: (precisions or {}).get(route, BY_CPU) for route in samples}
    floors = {route: fine[route].floor * max((shares or {}).get(route, 1.0), _LEAST_SHARE) for route in samples}
    estimates = {route: one for route, values in complete.items() if (one := estimate(values, floors[route]))}
    failing = _failing(estimates, limits, alpha / looks, len(samples))
    prior = _prior(estimates, len(samples))
    decisions = {}
    for route, values in complete.items():
        one, limit = estimates.get(route), limits[route]
        if limit.fail == -inf or route in failing:
            verdict = Verdict.FAIL
        elif one is not None and _passes(one, limit, prior, beta / looks, fine[route].margin):
            verdict = Verdict.PASS
        else:
            verdict = Verdict.INCONCLUSIVE
        risks = (alpha / looks / len(samples), beta / looks)
        further = _further(one, limit, len(values), risks) if verdict is Verdict.INCONCLUSIVE else 0
        mid, half = (one.mean, one.half) if one else (0.0, inf)
        decisions[route] = Decision(verdict, len(values), mid, mid - half, mid + half, further)
    return decisions


def estimate(values: Sequence[float], floor: float) -> Estimate | None:
    """What `values` say of their mean; None for fewer than three that are finite."""
    complete = [value for value in values if isfinite(value)]
    return _estimate(complete, floor) if len(complete) >= _FEWEST else None


def _estimate(values: Sequence[float], floor: float) -> Estimate:
    """The 20 % trimmed mean and the winsorised variance that belongs to it."""
    ordered = sorted(values)
    cut = int(_TRIM * len(ordered))
    middle = ordered[cut : len(ordered) - cut]
    winsorised = [middle[0]] * cut + middle + [middle[-1]] * cut
    centre = sum(winsorised) / len(winsorised)
    squares = sum((value - centre) ** 2 for value in winsorised)
    return Estimate(sum(middle) / len(middle), squares / (len(middle) - 1), len(middle), floor)


def _failing(estimates: Mapping[str, Estimate], limits: Mapping[str, Limits], alpha: float, routes: int) -> set[str]:
    """The routes whose excess Holm's procedure accepts as proven at `alpha` over all `routes`."""
    chances = sorted((survival((one.mean - limits[route].fail) / one.error, one.df), route) for route, one in estimates.items())
    proven: set[str] = set()
    for position, (chance, route) in enumerate(chances):
        if chance > alpha / (routes - position):
            break
        proven.add(route)
    return proven


def _prior(estimates: Mapping[str, Estimate], routes: int) -> tuple[float, int]:
    """The spread that a pair usually has, in floors, and its weight in degrees of freedom, for the side of passing only.

    On the side of failing a prior would turn a noisy machine into false alarms (2-9 % of runs at 2-4 times the noise).
    """
    if routes < _PRIOR_ROUTES or not estimates:
        return _PRIOR_FLOORS, 0
    return max(_PRIOR_FLOORS, median(sqrt(one.variance) / one.floor for one in estimates.values())), _PRIOR_DF


def _passes(one: Estimate, limit: Limits, prior: tuple[float, int], beta: float, margin: float) -> bool:
    """Whether the change is proven to stay below the tolerance with its margin."""
    usual, weight = prior
    df = one.df + weight
    pooled = (one.df * max(one.variance, one.floor**2) + weight * (usual * one.floor) ** 2) / df
    chance = survival((limit.passing - one.mean) / sqrt(pooled / one.kept), df)
    return chance <= beta and one.error <= max(margin, limit.passing - limit.fail)


def _further(one: Estimate | None, limit: Limits, pairs: int, risks: tuple[float, float]) -> int | None:
    """How many more pairs tell the tolerance and the margin apart, or None where they coincide."""
    if one is None:
        return _FEWEST - pairs
    width = limit.passing - limit.fail
    if not width > 0:
        return None
    quantiles = sum(quantile(1 - risk, one.df) for risk in risks)
    needed = (quantiles * max(sqrt(one.variance), one.floor) / width) ** 2 / _EFFICIENCY
    return max(1, ceil(needed) - pairs)

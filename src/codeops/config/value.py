"""A configuration as one frozen value."""

from collections.abc import Mapping
from dataclasses import dataclass

from codeops.core.budget import Budget
from codeops.core.suite import Suite

__all__ = ["Config"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What a project says about its prices, suite, budgets and traffic. Paths are absolute.

    Units: `traffic` is requests (or calls of a job) a month by route. `inconclusive` is what an open verdict
    counts as in the exit code: `inconclusive` (3), `pass` (0) or `fail` (1). `time_budget_s` is for how many seconds
    pairs of base and head are begun, None for the default. `counter` is how their CPU is compared: `cpu` (timed), `instructions`, or
    `auto` by what the tolerances ask for.
    """

    path: str
    root: str
    pricebook: str
    baseline: str
    waivers: str
    cost_map: str
    labels: Mapping[str, str]
    suite: Suite
    budget: Budget
    traffic: Mapping[str, int]
    inconclusive: str = "inconclusive"
    time_budget_s: float | None = None
    counter: str = "auto"

"""What is measured, in which way, how wrong it may be, and which broken ledgers must be found out."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from metrics import Accuracy

__all__ = ["CASES", "CONTROLS", "LINES", "NAIVE", "Control", "Line", "Target", "median_of", "missed", "target_of"]


_MEDIANS = ("conservation", "over_attribution", "median_error", "worst_error", "raw_error")


@dataclass(frozen=True, slots=True)
class Target:
    """How wrong a ledger may be, as ratios.

    Source: the accuracy section of docs/accuracy.md, which says why each is what it is.
    """

    median_error: float
    worst_error: float
    unit_share_error: float = float("inf")
    conservation: float = 0.005
    over_attribution: float = 1.001


_TARGETS = {
    ("coarse", "native"): Target(0.015, 0.04),
    ("coarse", "pure"): Target(0.02, 0.05),
    ("coarse+units", "native"): Target(0.015, 0.04, 0.03),
    ("coarse+units", "pure"): Target(0.02, 0.05, 0.03),
    # Far more Python runs in each step of theirs, which is slower right after work than right after none: see the page.
    ("other+units", "native"): Target(0.04, 0.06, 0.03),
    ("other+units", "pure"): Target(0.04, 0.06, 0.03),
    ("fine", "native"): Target(0.06, 0.10),
    ("fine", "pure"): Target(0.08, 0.15),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table: a workload with its options."""

    name: str
    workload: str
    options: dict[str, Any] = field(default_factory=dict)
    grain: str = "coarse"
    """`coarse` or `fine`, or `other` for loops that are not asyncio's; `+units` where all work is counted in units."""
    since: tuple[int, int] = (3, 11)
    quick: dict[str, Any] | None = None
    """What is different in the short run that gates every change; None where it is not part of that."""

    @property
    def shortened(self) -> "Line":
        """The line in the short run: fewer requests are too few for shares of units, which only the machine's pace disturbs."""
        grain = self.grain.removesuffix("+units") if self.quick else self.grain
        return replace(self, options={**self.options, **(self.quick or {})}, grain=grain)

    @property
    def has_units(self) -> bool:
        """Whether all of its work is counted in units."""
        return self.grain.endswith("+units")


_HALF = {"requests": 80}

LINES = (
    Line("W1 asyncio", "asyncio64", grain="coarse+units", quick={}),
    Line("W1 uvloop", "asyncio64", {"loop": "uvloop"}, "coarse+units", quick=_HALF),
    Line("W1 eager", "asyncio64", {"loop": "eager"}, "coarse+units", since=(3, 12), quick=_HALF),
    Line("W2 threads", "threads16", quick=_HALF),
    Line("W3 mix", "mix", quick=_HALF),
    Line("W3 garbage", "mix", {"garbage": 10}),
    Line("W4 fine", "fine64", grain="fine"),
    Line("W5 own task factory", "asyncio64", {"loop": "custom"}, "coarse+units"),
    Line("W5 gevent", "gevent64", grain="other+units"),
    Line("W5 trio", "trio64", grain="other+units"),
)
"""The workloads that are judged by their measures."""

CASES = (
    "cross_thread_span",
    "bound_thread",
    "unbound_thread",
    "late_task",
    "eager_child",
    "collection_in_item",
    "anyio_worker",
    "blas_threads",
    "subprocess_sync",
    "subprocess_poll",
    "subprocess_asyncio",
    "subprocess_uvloop",
    "fork",
)
"""The programs of W5 that are judged by exact expectations; see cases.py."""

NAIVE = tuple(
    (way, line) for way in ("getrusage", "thread_time", "itimer") for line in LINES if line.name in {"W1 asyncio", "W2 threads", "W3 mix"}
)
"""The naive ways, shown beside the ledger and judged by nobody."""


@dataclass(frozen=True, slots=True)
class Control:
    """A broken way to measure that must miss a target; one that does not shows that the benchmark sees nothing."""

    name: str
    workload: str
    way: Callable[[str], str]
    """The way, from `native` or `pure`."""
    misses: frozenset[str]
    """The measures of which one at least must be missed; of a case, its claims."""
    options: dict[str, Any] = field(default_factory=dict)
    quick: dict[str, Any] = field(default_factory=dict)
    is_shared: bool = False
    """Whether it is the same whichever ledger is measured, so that once is enough."""


_ROUTES = frozenset({"median_error", "worst_error"})

CONTROLS = (
    Control("no task hook, W1", "asyncio64", "no-task-hook-{}".format, _ROUTES, quick=_HALF),
    Control("no GC bucket, W3 garbage", "mix", "no-gc-bucket-{}".format, _ROUTES, {"garbage": 10}, {"requests": 40}),
    Control("fixed-window clock, W2", "threads16", "fixed-window-{}".format, _ROUTES, quick=_HALF, is_shared=True),
    Control(
        "outer owner not restored",
        "case:eager_child",
        "unrestored-{}".format,
        frozenset({"span 'parent'", "span 'child'"}),
        is_shared=True,
    ),
    Control("getrusage, W1", "asyncio64", lambda _: "getrusage", frozenset({"over_attribution"}), quick=_HALF, is_shared=True),
)
"""The five negative controls."""


def target_of(line: Line | None, ledger: str) -> Target:
    """The target of a line for this ledger; of a control, that of W1 to W3."""
    return _TARGETS[line.grain if line else "coarse", ledger]


def median_of(found: list[Accuracy]) -> Accuracy:
    """Each measure's median over the repeats; of the shares, each key's."""
    medians = {name: statistics.median(getattr(one, name) for one in found) for name in _MEDIANS}
    shares = {key: statistics.median(one.unit_shares[key] for one in found) for key in found[0].unit_shares}
    return Accuracy(**medians, unit_shares=shares)


def missed(found: Accuracy, target: Target) -> set[str]:
    """The measures that are worse than the target; not a number is worse than anything."""
    limits = {name: getattr(target, name) for name in Target.__slots__}
    return {name for name, limit in limits.items() if not abs(getattr(found, name)) <= limit}

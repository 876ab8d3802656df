"""Evidence: what a comparison of two trees in one job knows beside their snapshots."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from codeops.core.cost import Caveat

__all__ = ["BY_CPU", "BY_INSTRUCTIONS", "Evidence", "Pairs", "Precision"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """How finely pairs tell a change, and what they and their values are called.

    Units: ratios. `margin` is how far beyond the tolerance a change must lie to be told apart from one at it; `floor` the least
    that the standard deviation of one pair is taken for.
    """

    margin: float
    floor: float
    pair: str
    counted: str


BY_CPU = Precision(margin=0.03, floor=0.003, pair="pair", counted="CPU")
"""Pairs of processes that were timed: laps of 5 ms do not repeat better than 0.3 %."""

BY_INSTRUCTIONS = Precision(margin=0.01, floor=0.0005, pair="seed", counted="instructions")
"""Pairs of processes with one hash seed, whose instructions were counted: they repeat exactly, but a seed moves them by up to
0.7 % and an irrelevant edit by up to 0.4 % (the project's campaign on the statistics of the CPU gate, section 4, 2026-11)."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """What the pairs found of one route, in the order in which they ran, and how finely they tell a change of CPU.

    Units: `cpu` the logarithms of head / base, not finite where a side did not answer; `memory` GiB·s that a request of the head
    holds more than one of the base, None where the system does not tell.
    """

    cpu: tuple[float, ...]
    memory: tuple[float | None, ...] = ()
    precision: Precision = BY_CPU

    @property
    def tells_memory(self) -> bool:
        """Whether every pair knows both; a change of memory that some pairs lack would be another sample."""
        return bool(self.cpu) and len(self.memory) == len(self.cpu) and None not in self.memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What was found out in one job, by route.

    `doubts` say why a route that the base has cannot be compared; `notes` are caveats for the report.
    Units: `bytecode` is bytecode instructions per request of base and head.
    """

    pairs: Mapping[str, Pairs] = field(default_factory=dict)
    doubts: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[Caveat] = ()
    bytecode: Mapping[str, tuple[Decimal, Decimal]] = field(default_factory=dict)

"""Judging by pairs: each pair of processes gives one change of the whole cost of a request, and the paired rule decides on those."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import exp, expm1, inf, log1p

from codeops.core.figure import count_noun
from codeops.core.meter import CPU, MEMORY
from codeops.core.report import Change, Verdict
from codeops.gate import paired
from codeops.gate.case import Case
from codeops.gate.evidence import Pairs
from codeops.gate.interval import ROUNDING, Interval
from codeops.gate.lines import trimmed
from codeops.gate.money import logarithm
from codeops.gate.standing import Standing
from codeops.gate.subject import Subject

__all__ = ["by_pairs", "is_pairable"]


def is_pairable(subject: Subject, case: Case) -> bool:
    """Whether pairs say something about the route's cost."""
    pairs = case.pairs(subject.name)
    if pairs is None or subject.is_recorded or subject.change is not Change.COMPARED:
        return False
    if not subject.base_cost or subject.head_cost is None:
        return False
    return bool(_level_cost(subject, CPU) or (pairs.tells_memory and _memory_price(subject)))


def by_pairs(subjects: Sequence[Subject], counts: Mapping[str, Interval], case: Case) -> dict[str, Standing]:
    """How `subjects` stand by counts and pairs together, in one family of tests; `counts` is what counts change, in money."""
    parts = {subject.name: _Parts.of(subject, counts[subject.name], case) for subject in subjects}
    decisions = paired.decide(
        {name: part.samples for name, part in parts.items()},
        {name: part.limits(float(case.limit(name))) for name, part in parts.items()},
        precisions={name: part.pairs.precision for name, part in parts.items()},
        shares={name: float(part.measured) for name, part in parts.items()},
    )
    return {name: _standing(decision, parts[name]) for name, decision in decisions.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """What the change of one route is made of.

    Units: `cost` money per request of the base; `counts`, `cpu` and `memory` are ratios of it: what counts change, and what CPU and
    memory cost. `memory_price` is the ratio that one GiB·s costs, 0 where memory is not part of the change.
    """

    cost: Decimal
    counts: Interval
    cpu: Decimal
    memory: Decimal
    memory_price: float
    pairs: Pairs

    @classmethod
    def of(cls, subject: Subject, counts: Interval, case: Case) -> "_Parts":
        cost, pairs = subject.base_cost or Decimal(1), case.pairs(subject.name) or Pairs(())
        price = _memory_price(subject) if pairs.tells_memory else Decimal(0)
        return cls(
            cost=cost,
            counts=counts.over(cost),
            cpu=_level_cost(subject, CPU) / cost,
            memory=_level_cost(subject, MEMORY) / cost if price else Decimal(0),
            memory_price=float(price / cost),
            pairs=pairs,
        )

    @property
    def measured(self) -> Decimal:
        """The part of the base cost that pairs measure; the rest is exact."""
        return self.cpu + self.memory

    @property
    def samples(self) -> list[float]:
        """The logarithm of head cost / base cost of each pair."""
        held = self.pairs.memory if self.memory_price else (0.0,) * len(self.pairs.cpu)
        fixed = float(self.counts.mid), float(self.cpu)
        return [logarithm(theta, *fixed, self.memory_price * (more or 0.0)) for theta, more in zip(self.pairs.cpu, held, strict=True)]

    def limits(self, limit: float) -> paired.Limits:
        """Counts that vary take their room on both sides; where no CPU at all would still be too much, nothing can pass."""
        if self.counts.low - self.measured >= Decimal(repr(limit)):
            return paired.Limits(-inf, -inf)
        margin = self.pairs.precision.margin
        room = limit + float(self.counts.mid - self.counts.low), limit + margin - float(self.counts.high - self.counts.mid)
        return paired.Limits(*(log1p(ratio) if ratio > -1 else -inf for ratio in room))

    def ratio(self, decision: paired.Decision) -> Interval:
        """The change with what pairs and counts leave open; exactly that of the counts where pairs found none."""
        low, mid, high = (
            trimmed(Decimal(repr(expm1(end) - float(self.counts.mid))).quantize(ROUNDING)) if end not in {-inf, inf} else None
            for end in (decision.low, decision.mid, decision.high)
        )
        return Interval(
            self.counts.low - self.measured if low is None else self.counts.low + low,
            self.counts.mid + (mid or Decimal(0)) if low is not None else self.counts.mid,
            self.counts.high + high if high is not None else Decimal(inf),
        )


def _standing(decision: paired.Decision, parts: _Parts) -> Standing:
    ratio, found = parts.ratio(decision), _found(parts)
    more = decision.further
    need = "a count that does not vary" if more is None else count_noun(Decimal(more), f"more {parts.pairs.precision.pair}")
    return Standing(
        verdict=decision.verdict,
        delta=ratio.scaled(parts.cost),
        ratio=ratio.rounded(),
        need=need if decision.verdict is Verdict.INCONCLUSIVE else "",
        grew=frozenset(meter for meter, one in found.items() if one.mean > one.half),
        errors=_errors(found, parts),
    )


def _found(parts: _Parts) -> dict[str, paired.Estimate]:
    """What the pairs say of each meter by itself: CPU as a logarithm, memory in GiB·s."""
    held = [more for more in parts.pairs.memory if more is not None] if parts.memory_price else []
    found = {CPU: paired.estimate(parts.pairs.cpu, parts.pairs.precision.floor), MEMORY: paired.estimate(held, 0.0)}
    return {meter: one for meter, one in found.items() if one}


def _errors(found: Mapping[str, paired.Estimate], parts: _Parts) -> dict[str, float]:
    """The standard errors as ratios of the base's use; without any use there is none."""
    whole = float(parts.memory) / parts.memory_price if parts.memory_price else 0.0
    scales = {CPU: exp(found[CPU].mean) if CPU in found else 0.0, MEMORY: 1 / whole if whole else 0.0}
    return {meter: one.error * scales[meter] for meter, one in found.items() if scales[meter]}


def _level_cost(subject: Subject, meter: str) -> Decimal:
    """What the base's use of `meter` costs per request at the head's prices."""
    return sum((line.carried or Decimal(0) for line in subject.lines if line.meter == meter and line.is_priced), Decimal(0))


def _memory_price(subject: Subject) -> Decimal:
    """What one GiB·s costs at the head's prices; 0 where that is not known."""
    lines = [line for line in subject.lines if line.meter == MEMORY and line.is_priced]
    base = sum((line.base.mean for line in lines if line.base), Decimal(0))
    head = sum((line.head.mean for line in lines if line.head), Decimal(0))
    if base:
        return _level_cost(subject, MEMORY) / base
    return sum((line.head_cost or Decimal(0) for line in lines), Decimal(0)) / head if head else Decimal(0)

"""Lines: what both sides of a route consumed of each meter, at today's prices."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum

from codeops.core.cost import Caveat
from codeops.core.meter import CPU, EGRESS, S3_GET, is_statistical, unit_of
from codeops.core.pricebook import PriceBook
from codeops.core.snapshot import MeterUsage, RouteUsage
from codeops.core.valuation import value_meter
from codeops.gate.welch import Sample

__all__ = ["Line", "Nature", "Sheet", "match", "summary", "trimmed"]

_DECIMALS = 30
_FINEST = Decimal(1).scaleb(-_DECIMALS)
_SAME = Decimal("1e-6")  # snapshots round what they record; a price that moved by less than a millionth did not move


class Nature(StrEnum):
    """How amounts of a line may be compared."""

    COUNT = "count"
    """It repeats exactly, so every difference is one."""

    UNSTABLE = "unstable"
    """It is counted, but varies from request to request: its mean has an error that samples tell."""

    LEVEL = "level"
    """It is a time or what depends on one: its level drifts between runs by more than samples of one run tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One meter under one set of labels, on both sides; None where a side does not use it.

    Units: `base_cost` and `head_cost` money per request at today's prices, None without a price. `carried` is the base's
    usage at the head's labels; `recorded` what it cost at the base's own prices.
    """

    meter: str
    unit: str
    labels: dict[str, str] = field(default_factory=dict)
    base: MeterUsage | None = None
    head: MeterUsage | None = None
    base_cost: Decimal | None = None
    head_cost: Decimal | None = None
    carried: Decimal | None = None
    recorded: Decimal | None = None

    @property
    def nature(self) -> Nature:
        """How the two amounts may be compared."""
        if is_statistical(self.meter):
            return Nature.LEVEL
        varies = any(not usage.exact and usage.sd for usage in (self.base, self.head) if usage)
        return Nature.UNSTABLE if varies else Nature.COUNT

    @property
    def is_priced(self) -> bool:
        """Whether each side that uses the meter has a price for it; only then is there a difference in money."""
        base_known = self.base is None or None not in {self.base_cost, self.carried}
        return base_known and (self.head is None or self.head_cost is not None)

    @property
    def growth(self) -> Decimal:
        """How much more the head uses per request, in `unit`."""
        return (self.head.mean if self.head else Decimal(0)) - (self.base.mean if self.base else Decimal(0))

    @property
    def delta(self) -> Decimal:
        """How much more the head's use costs; 0 where a price is missing, which a caveat tells."""
        if not self.is_priced:
            return Decimal(0)
        return (self.head_cost or Decimal(0)) - (self.base_cost or Decimal(0))

    @property
    def quantity_effect(self) -> Decimal | None:
        """What the difference in usage costs at the head's prices."""
        return (self.head_cost or Decimal(0)) - (self.carried or Decimal(0)) if self.is_priced else None

    @property
    def price_effect(self) -> Decimal | None:
        """What today's prices add to the base's usage, against the base's own."""
        return None if self.base_cost is None or self.recorded is None else self.base_cost - self.recorded

    def samples(self) -> tuple[Sample, ...]:
        """The spread of each side, in the meter's unit."""
        return tuple(Sample(usage.sd, usage.samples) for usage in (self.base, self.head) if usage)

    def cost_samples(self) -> tuple[Sample, ...]:
        """The spread of each side in money: an amount varies by the same share as its cost."""
        sides = ((self.base, self.base_cost), (self.head, self.head_cost))
        return tuple(
            Sample(usage.sd * (cost or Decimal(0)) / usage.mean, usage.samples) for usage, cost in sides if usage is not None and usage.mean
        )


@dataclass(frozen=True, slots=True)
class Sheet:
    """One side of a route: its usage, the labels that price it, and the currency of what was recorded.

    `book` is its own price book, where that is at hand; what it says then stands for what was recorded.
    """

    usage: tuple[MeterUsage, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    currency: str = ""
    book: PriceBook | None = None


_Key = tuple[str, str, tuple[tuple[str, str], ...]]


def match(base: Sheet, head: Sheet, book: PriceBook, at: date) -> tuple[tuple[Line, ...], tuple[Caveat, ...]]:
    """The lines of both sides, in the order of their meters, and the caveats of their prices.

    Raises: AmbiguousPrice, UnitMismatch, UnknownUnit.
    """
    caveats: list[Caveat] = []

    def cost(usage: MeterUsage | None, labels: Mapping[str, str]) -> Decimal | None:
        if usage is None:
            return None
        value = value_meter(usage, book, labels, at)
        caveats.extend(value.caveats)
        return trimmed(value.total.amount) if value.lines else None

    before, after = _merged(base.usage), _merged(head.usage)
    lines = []
    for meter, unit, labels in sorted({*before, *after}):
        old, new = before.get((meter, unit, labels)), after.get((meter, unit, labels))
        base_cost = cost(old, base.labels)
        lines.append(
            Line(
                meter=meter,
                unit=unit,
                labels=dict(labels),
                base=old,
                head=new,
                base_cost=base_cost,
                head_cost=cost(new, head.labels),
                carried=base_cost if base.labels == head.labels else cost(old, head.labels),
                recorded=_recorded(old, base_cost, base, book, at),
            )
        )
    return tuple(lines), tuple(caveats)


def _recorded(usage: MeterUsage | None, cost: Decimal | None, sheet: Sheet, book: PriceBook, at: date) -> Decimal | None:
    """What `usage`, which costs `cost` at the prices of `book`, costs at the sheet's own; None where that is not known."""
    if usage is None or cost is None:
        return None
    if sheet.book is not None:
        own = value_meter(usage, sheet.book, sheet.labels, at)
        return trimmed(own.total.amount) if own.lines and sheet.book.currency == book.currency else None
    if usage.cost is None or sheet.currency != book.currency:
        return None
    return cost if abs(cost - usage.cost) <= _SAME * abs(cost) else usage.cost


def summary(route: RouteUsage) -> tuple[MeterUsage, ...]:
    """The usage that the simple form tells: CPU seconds, bytes out and S3 GETs, where they are given."""
    given = ((CPU, route.cpu_s), (EGRESS, route.egress_bytes), (S3_GET, route.s3_gets))
    return tuple(
        MeterUsage(meter=meter, unit=unit_of(meter), mean=amount, samples=max(route.samples, 1), exact=not is_statistical(meter))
        for meter, amount in given
        if amount is not None
    )


def trimmed(amount: Decimal) -> Decimal:
    """`amount` with 30 decimals at most, so that sums and differences of costs are exact from here on; no zeros behind."""
    exponent = amount.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -_DECIMALS:
        amount = amount.quantize(_FINEST)
    return amount.to_integral_value() if amount == amount.to_integral_value() else amount.normalize()


def _merged(usages: Iterable[MeterUsage]) -> dict[_Key, MeterUsage]:
    """Usage by meter, unit and labels; what is listed twice is added up."""
    found: dict[_Key, MeterUsage] = {}
    for usage in usages:
        key = (usage.meter, usage.unit, tuple(sorted(usage.labels.items())))
        found[key] = _added(found[key], usage) if key in found else usage
    return found


def _added(one: MeterUsage, other: MeterUsage) -> MeterUsage:
    return replace(
        one,
        mean=one.mean + other.mean,
        samples=min(one.samples, other.samples),
        sd=(one.sd * one.sd + other.sd * other.sd).sqrt(),
        exact=one.exact and other.exact,
        cost=one.cost + other.cost if one.cost is not None and other.cost is not None else None,
        sites=one.sites + other.sites,
    )

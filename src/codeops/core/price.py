"""One entry of a price book: what a unit of a meter costs, for whom, since when, and who says so."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase

from codeops.core.errors import InvalidPrice
from codeops.core.location import Location
from codeops.core.money import Money, Quantity, Rate
from codeops.core.selector import Labels, Selector

__all__ = ["Multiplier", "Price", "Tier"]

_BEYOND_ANY_BILL = Decimal(10) ** 15


@dataclass(frozen=True, slots=True)
class Tier:
    """A step of a volume price: `price` for each `per` until `up_to` of them were bought this month.

    Units: `up_to` is an amount of the unit of `Price.per`; None is without end.
    """

    price: Decimal
    up_to: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a meter costs where the labels match `when`, from `valid_from` until before `valid_to`.

    `assume` holds labels that are taken for granted where usage does not say, each time with a caveat.
    `layer` is 0 in the user's own book and 1 in a book it extends: what the user wrote goes first.

    Raises: InvalidPrice for a price below zero, tiers that do not rise, or dates that never hold.
    """

    meter: str
    per: Quantity
    tiers: tuple[Tier, ...]
    currency: str
    when: Selector = field(default_factory=Selector)
    assume: tuple[tuple[str, str], ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None
    source: str = ""
    retrieved: date | None = None
    note: str = ""
    layer: int = 0
    origin: Location = Location("")

    def __post_init__(self) -> None:
        for tier in self.tiers:
            if not 0 <= _comparable(tier.price) < _BEYOND_ANY_BILL:
                raise InvalidPrice(
                    f"the price of {self.meter} is {tier.price}",
                    why=f"a price is a number from zero up, below {_BEYOND_ANY_BILL:.0e}",
                    fix="write the price as the bill states it; a discount is a [[multiplier]]",
                    location=self.origin,
                )
        bounds = [tier.up_to for tier in self.tiers]
        if not bounds or bounds[-1] is not None or not all(map(_is_rising, bounds, [Decimal(0), *bounds])):
            raise InvalidPrice(
                f"the tiers of {self.meter} are out of order",
                why=f"up_to reads {', '.join('(none)' if bound is None else str(bound) for bound in bounds) or 'nothing'}",
                fix="let up_to rise from tier to tier, and leave it out of the last one",
                location=self.origin,
            )
        _refuse_empty_span(f"the price of {self.meter}", self.valid_from, self.valid_to, self.origin)

    @property
    def rate(self) -> Rate:
        """The rate of the first tier, at which the first unit of a month is sold."""
        return Rate(Money(self.tiers[0].price, self.currency), self.per)

    def cost(self, quantity: Quantity, already: Quantity | None = None) -> Money:
        """What `quantity` costs when `already` was bought this month; marginal, tier by tier.

        Raises: UnitMismatch.
        """
        unit = self.per.unit
        start = already.to(unit).amount if already else Decimal(0)
        end = start + quantity.to(unit).amount
        if len(self.tiers) == 1:
            return self.rate.cost(quantity)
        total = Money(Decimal(0), self.currency)
        low = Decimal(0)
        for tier in self.tiers:
            high = end if tier.up_to is None else min(end, tier.up_to)
            amount = high - max(low, start)
            if amount > 0:
                total += Rate(Money(tier.price, self.currency), self.per).cost(Quantity(amount, unit))
            low = tier.up_to if tier.up_to is not None else end
        return total

    def mismatch(self, labels: Labels, at: date) -> str | None:
        """Why this entry is not for usage with `labels` on the day `at`, or None when it is."""
        if self.valid_from and at < self.valid_from:
            return f"valid from {self.valid_from}, later than {at}"
        if self.valid_to and at >= self.valid_to:
            return f"valid until {self.valid_to}, not on {at}"
        return self.when.mismatch(labels, dict(self.assume))

    def assumed(self, labels: Labels) -> dict[str, str]:
        """The labels that decided for this entry although usage did not state them."""
        wanted = self.when.names()
        return {name: value for name, value in self.assume if name in wanted and name not in labels}

    def overlaps(self, other: "Price") -> bool:
        """Whether both are for the same meter and labels on some day."""
        if (self.meter, self.when, self.layer) != (other.meter, other.when, other.layer):
            return False
        return (self.valid_from or date.min) < (other.valid_to or date.max) and (other.valid_from or date.min) < (self.valid_to or date.max)


@dataclass(frozen=True, slots=True, kw_only=True)
class Multiplier:
    """A named factor on prices: container overhead, a negotiated discount.

    Units: `factor` is a ratio; `meters` are shell patterns such as `compute.*`.

    Raises: InvalidPrice for a factor that is not above zero, or dates that never hold.
    """

    name: str
    factor: Decimal
    meters: tuple[str, ...] = ("*",)
    when: Selector = field(default_factory=Selector)
    valid_from: date | None = None
    valid_to: date | None = None
    source: str = ""
    origin: Location = Location("")

    def __post_init__(self) -> None:
        if not 0 < _comparable(self.factor) < _BEYOND_ANY_BILL:
            raise InvalidPrice(
                f"the factor of multiplier {self.name!r} is {self.factor}",
                why="a factor is a number above zero; 1.08 adds 8 %, 0.9 takes 10 % off",
                fix="write the factor, not the percentage",
                location=self.origin,
            )
        _refuse_empty_span(f"the multiplier {self.name!r}", self.valid_from, self.valid_to, self.origin)

    def applies(self, meter: str, labels: Labels, at: date) -> bool:
        """Whether this factor belongs on a price of `meter`."""
        inside = (self.valid_from is None or self.valid_from <= at) and (self.valid_to is None or at < self.valid_to)
        return inside and any(fnmatchcase(meter, pattern) for pattern in self.meters) and self.when.mismatch(labels) is None


def _comparable(number: Decimal) -> Decimal:
    """`number`, or -1 for what is none (NaN, Infinity)."""
    return number if number.is_finite() else Decimal(-1)


def _is_rising(bound: Decimal | None, before: Decimal | None) -> bool:
    """Whether a tier ends above the one before it; only the last is without end."""
    return before is not None and (bound is None or before < _comparable(bound))


def _refuse_empty_span(what: str, valid_from: date | None, valid_to: date | None, origin: Location) -> None:
    if valid_from and valid_to and valid_from >= valid_to:
        raise InvalidPrice(
            f"{what} is never valid",
            why=f"valid_from {valid_from} is not before valid_to {valid_to}, which is the first day it no longer holds",
            fix="let valid_to be a later day than valid_from",
            location=origin,
        )

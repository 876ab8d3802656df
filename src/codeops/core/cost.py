"""Cost: usage that a price book has priced, line by line, with everything that is not certain about it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from codeops.core.money import Money
from codeops.core.price import Price
from codeops.core.usage import Usage

__all__ = ["Basis", "Caveat", "Cost", "CostLine", "unique"]


class Basis(StrEnum):
    """Where a cost comes from; the three never stand for each other."""

    ESTIMATED = "estimated"
    MEASURED = "measured"
    BILLED = "billed"


@dataclass(frozen=True, slots=True, order=True)
class Caveat:
    """Something that a reader of a number must know, shown beside it and never folded into it.

    `kind` is a stable name (`unpriced`, `assumed-region`, `extrapolated`, `allocated`, …), `about` the
    meter or route concerned, `text` one line for people.
    """

    kind: str
    about: str
    text: str


def unique(caveats: Iterable[Caveat]) -> tuple[Caveat, ...]:
    """The caveats, each once, sorted by kind."""
    return tuple(sorted(set(caveats)))


@dataclass(frozen=True, slots=True)
class CostLine:
    """One usage priced by one entry. `money` includes the multipliers named."""

    usage: Usage
    price: Price
    multipliers: tuple[str, ...]
    factor: Decimal
    money: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Lines that add up, on one basis, in one currency.

    Where a caveat `unpriced` is present the total is a lower bound: "at least".
    """

    currency: str
    lines: tuple[CostLine, ...] = ()
    caveats: tuple[Caveat, ...] = field(default=())
    basis: Basis = Basis.MEASURED

    @property
    def total(self) -> Money:
        """The sum of the lines."""
        return sum((line.money for line in self.lines), Money(Decimal(0), self.currency))

    @property
    def unpriced(self) -> tuple[str, ...]:
        """The meters that have no price, by name."""
        return tuple(sorted({caveat.about for caveat in self.caveats if caveat.kind == "unpriced"}))

    def __add__(self, other: "Cost") -> "Cost":
        if self.basis is not other.basis:
            message = f"a cost {self.basis} and a cost {other.basis} do not add up"
            raise ValueError(message)
        return Cost(
            currency=(self.total + other.total).currency,
            lines=self.lines + other.lines,
            caveats=unique(self.caveats + other.caveats),
            basis=self.basis,
        )

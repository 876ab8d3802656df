"""Money, quantities and the rates that turn one into the other; all exact, all typed."""

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from codeops.core.errors import CurrencyMismatch, InvalidValue
from codeops.core.unit import EXACT, Unit

__all__ = ["Money", "Quantity", "Rate"]

_DIGITS = 30


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in a currency (ISO 4217). Never rounded; display rounds.

    Raises: CurrencyMismatch when two currencies meet.
    """

    amount: Decimal
    currency: str

    def __add__(self, other: "Money") -> "Money":
        return Money(EXACT.add(self.amount, self._like(other)), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(EXACT.subtract(self.amount, self._like(other)), self.currency)

    def __mul__(self, factor: Decimal | int) -> "Money":
        return Money(EXACT.multiply(self.amount, Decimal(factor)), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.amount < self._like(other)

    def __le__(self, other: "Money") -> bool:
        return self.amount <= self._like(other)

    def _like(self, other: "Money") -> Decimal:
        if other.currency != self.currency:
            raise CurrencyMismatch(
                f"{self.currency} and {other.currency} cannot be added or compared",
                why=f"one amount is {self.amount} {self.currency}, the other {other.amount} {other.currency}",
                fix="use one price book with one currency for both",
            )
        return other.amount


@dataclass(frozen=True, slots=True)
class Quantity:
    """So much of a unit.

    Example:
        >>> Quantity.parse("1000 {request}").amount
        Decimal('1000')
        >>> Quantity.parse("GiB.mo")
        Quantity(amount=Decimal('1'), unit=Unit(symbol='GiB.mo', ...))
    """

    amount: Decimal
    unit: Unit

    @classmethod
    def parse(cls, text: str) -> "Quantity":
        """An optional amount and a unit: `"1000 {request}"`, `"GiB"`.

        Raises: UnknownUnit; InvalidValue for an amount that is not above zero.
        """
        match = re.fullmatch(r"\s*([-+]?[\d.][\d._]*(?:[eE][-+]?\d+)?)?\s*(\S+)\s*", text)
        amount_text, unit_text = (match[1], match[2]) if match else (None, text)
        try:
            amount = Decimal(amount_text.replace("_", "")) if amount_text else Decimal(1)
        except InvalidOperation:
            amount = Decimal(0)
        if not amount.is_finite() or amount <= 0 or abs(amount.adjusted()) > _DIGITS:
            raise InvalidValue(
                f"{text!r} is not an amount of a unit",
                why=f"the amount {amount_text!r} is not a number above zero of at most {_DIGITS} digits",
                fix='write for example "1000 {request}" or "GiB"',
            )
        return cls(amount, Unit.parse(unit_text))

    def to(self, unit: Unit) -> "Quantity":
        """The same quantity in another unit of the same dimensions.

        Raises: UnitMismatch.
        """
        return Quantity(self.unit.convert(self.amount, unit), unit)

    def __add__(self, other: "Quantity") -> "Quantity":
        return Quantity(EXACT.add(self.amount, other.unit.convert(other.amount, self.unit)), self.unit)

    def __sub__(self, other: "Quantity") -> "Quantity":
        return Quantity(EXACT.subtract(self.amount, other.unit.convert(other.amount, self.unit)), self.unit)

    def __mul__(self, factor: Decimal | int) -> "Quantity":
        return Quantity(EXACT.multiply(self.amount, Decimal(factor)), self.unit)

    def __str__(self) -> str:
        return f"{self.amount.normalize():f} {self.unit}" if self.amount != 1 else str(self.unit)


@dataclass(frozen=True, slots=True)
class Rate:
    """Money per quantity: $0.0004 per 1,000 requests.

    Example:
        >>> rate = Rate(Money(Decimal("0.0004"), "USD"), Quantity.parse("1000 {request}"))
        >>> rate.cost(Quantity.parse("50000 {request}")).amount
        Decimal('0.0200')
    """

    price: Money
    per: Quantity

    def cost(self, quantity: Quantity) -> Money:
        """What `quantity` costs at this rate, exact up to 50 digits.

        Raises: UnitMismatch.
        """
        self.per.unit.demand(quantity.unit)
        top = EXACT.multiply(EXACT.multiply(self.price.amount, quantity.amount), quantity.unit.factor)
        return Money(EXACT.divide(top, EXACT.multiply(self.per.amount, self.per.unit.factor)), self.price.currency)

    def __str__(self) -> str:
        return f"{self.price.amount.normalize():f} {self.price.currency} per {self.per}"

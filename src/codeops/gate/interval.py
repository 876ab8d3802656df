"""Intervals: a figure with the bounds that noise leaves, and what a limit says about it."""

from dataclasses import dataclass
from decimal import Decimal

from codeops.core.report import Verdict

__all__ = ["ROUNDING", "UNBOUNDED", "Interval"]

ROUNDING = Decimal("1e-15")
"""The share by which divisions may have rounded a cost: far more than they do, far less than one count in a million million."""

UNBOUNDED = Decimal("Infinity")
"""The half width of a figure of which nothing is known but its estimate."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure `mid` that lies between `low` and `high`; the three are equal where it is exact."""

    low: Decimal
    mid: Decimal
    high: Decimal

    @classmethod
    def exact(cls, value: Decimal) -> "Interval":
        """A figure without noise."""
        return cls(value, value, value)

    @classmethod
    def around(cls, value: Decimal, half: Decimal) -> "Interval":
        """A figure with equal room on both sides."""
        return cls(value - half, value, value + half)

    def __add__(self, other: "Interval") -> "Interval":
        """The sum at its widest: bounds add up, which is right for errors that go together and wide for others."""
        return Interval(self.low + other.low, self.mid + other.mid, self.high + other.high)

    def scaled(self, factor: Decimal) -> "Interval":
        """The figure times a `factor` from zero up."""
        if not factor:
            return Interval.exact(Decimal(0))
        return Interval(self.low * factor, self.mid * factor, self.high * factor)

    def over(self, whole: Decimal) -> "Interval":
        """The figure as a share of `whole`, which is above zero."""
        return Interval(self.low / whole, self.mid / whole, self.high / whole)

    def rounded(self) -> "Interval":
        """The figure with 15 decimals, so that what a division rounded off does not read as a difference from a limit."""
        return Interval(*(bound.quantize(ROUNDING) + 0 if bound.is_finite() else bound for bound in (self.low, self.mid, self.high)))

    def verdict(self, limit: Decimal) -> Verdict:
        """Fail when all of it is above `limit`, pass when none of it is; exactly at the limit passes."""
        if self.low > limit:
            return Verdict.FAIL
        return Verdict.PASS if self.high <= limit else Verdict.INCONCLUSIVE

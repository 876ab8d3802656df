"""Counts that vary from request to request: how far their means lie apart, and how sure that is.

Source: Welch, "The generalization of 'Student's' problem when several different population variances are involved",
Biometrika 34 (1947), 28-35; degrees of freedom by Satterthwaite, Biometrics Bulletin 2 (1946), 110-114.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from codeops.gate.interval import UNBOUNDED
from codeops.gate.student import quantile

__all__ = ["Sample", "half_width", "standard_error"]


@dataclass(frozen=True, slots=True)
class Sample:
    """The spread between the values of one side, and how many there were.

    Units: `sd` in the unit of the values.
    """

    sd: Decimal
    size: int


def standard_error(samples: Iterable[Sample]) -> Decimal:
    """The standard error of a sum or difference of independent means.

    Example:
        >>> standard_error([Sample(Decimal(3), 9), Sample(Decimal(0), 1)])
        Decimal('1')
    """
    total = sum((sample.sd * sample.sd / max(sample.size, 1) for sample in samples), Decimal(0))
    return total.sqrt()


def half_width(samples: Iterable[Sample], confidence: float) -> Decimal:
    """Half the width of the two-sided interval of a difference of means at `confidence` (0.95 is 95 %).

    `UNBOUNDED` where a side varies but has fewer than two values: nothing is known of its spread then.

    Example:
        >>> round(half_width([Sample(Decimal(1), 10), Sample(Decimal(1), 10)], 0.95), 3)
        Decimal('0.940')
    """
    varying = [sample for sample in samples if sample.sd]
    if not varying:
        return Decimal(0)
    if any(sample.size < 2 for sample in varying):
        return UNBOUNDED
    error = standard_error(varying)
    shares = [(float(sample.sd / error) ** 2 / sample.size, sample.size - 1) for sample in varying]
    df = 1 / sum(share * share / free for share, free in shares)
    return error * Decimal(repr(quantile(0.5 + confidence / 2, df)))

"""What CPU noise means in money: exact counts and uncertain CPU in one relative change.

A request costs C = X + p·c: counts X that are exact, CPU seconds c that are not. With the counts' part of the change
d = (X_head - X_base) / C_base, the share of CPU in the base cost w = p·c_base / C_base, and theta = ln(c_head / c_base):

    relative change = d + w·(e^theta - 1)

It rises with theta, so the ends of an interval are mapped one by one and nothing is linearised. Solved for theta it turns
a limit on money into a limit on CPU. One worked number: with a limit of 3 % and CPU at 5 % of the cost, CPU may rise by 60 %.

Source: the project's campaign on the statistics of the CPU gate, section 3 (2026-11); docs/gate.md derives it.
"""

from decimal import Decimal
from math import exp, inf, log

__all__ = ["cpu_tolerance", "relative_change"]

_HUGE = 700  # e^710 is the end of floats; such a bound says that nothing is known


def cpu_tolerance(limit: Decimal, counts: Decimal, share: Decimal) -> float:
    """The theta at which the whole change reaches `limit`; minus infinity where no CPU at all would still be too much.

    Units: all ratios of the base cost; the result a logarithm.

    Example:
        >>> round(exp(cpu_tolerance(Decimal("0.03"), Decimal(0), Decimal("0.05"))), 6)
        1.6
    """
    room = (limit - counts + share) / share
    return log(room) if room > 0 else -inf


def relative_change(theta: float, counts: Decimal, share: Decimal) -> Decimal:
    """The change of the whole cost when CPU changes by the factor e^`theta`.

    Example:
        >>> round(relative_change(log(1.6), Decimal(0), Decimal("0.05")), 6)
        Decimal('0.030000')
    """
    factor = Decimal(repr(exp(theta) if theta < _HUGE else inf))
    return counts + share * (factor - 1)

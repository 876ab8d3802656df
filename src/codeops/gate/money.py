"""What a pair says in money: exact counts, CPU and memory in one relative change of the cost of a request.

A request costs C = X + p·c + q·m: counts X that are exact, CPU seconds c and memory m that are not. With the counts' part of the
change d = (X_head - X_base) / C_base, the share of CPU in the base cost w = p·c_base / C_base, and theta = ln(c_head / c_base):

    relative change = d + w·(e^theta - 1) + q·(m_head - m_base) / C_base

Counts add no noise to it, and the noise of CPU is damped by w. Where w is 1 the logarithm of 1 + change is theta itself. One
worked number: with CPU at 5 % of the cost, 60 % more CPU is 3 % more money.

Source: the project's campaign on the statistics of the CPU gate, section 3 (2026-11); docs/gate.md derives it.
"""

from math import expm1, isfinite, log, nan

__all__ = ["logarithm", "relative_change"]

_HUGE = 700.0  # e^710 is the end of floats
_LEAST = 1e-9  # of the base cost: a request that costs less is told as this much


def relative_change(theta: float, counts: float, share: float, memory: float = 0.0) -> float:
    """The change of the whole cost when CPU changes by the factor e^`theta` and memory by `memory`.

    Units: all but `theta` ratios of the base cost.

    Example:
        >>> round(relative_change(log(1.6), 0.0, 0.05), 6)
        0.03
        >>> round(relative_change(log(1.6), 0.04, 0.05, -0.01), 6)
        0.06
    """
    return counts + share * expm1(min(theta, _HUGE)) + memory


def logarithm(theta: float, counts: float, share: float, memory: float = 0.0) -> float:
    """The logarithm of head cost / base cost of one pair; not a number where the pair is not complete."""
    return log(max(1 + relative_change(theta, counts, share, memory), _LEAST)) if isfinite(theta) else nan

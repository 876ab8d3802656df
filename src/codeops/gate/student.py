"""Student's t distribution: how far a mean of few values may stray from the truth.

Source: the upper tail is half a regularised incomplete beta function, P(T > t) = I_x(df/2, 1/2) / 2 with
x = df / (df + t²) (NIST DLMF 8.17, Abramowitz and Stegun 26.7.1, read 2026-11-20); the function itself is the continued
fraction DLMF 8.17.22, evaluated by Lentz's method (Lentz, Applied Optics 15, 1976, 668-671, in Thompson's and Barnett's form).
"""

from functools import lru_cache
from math import exp, isinf, lgamma, log, log1p

__all__ = ["cdf", "quantile", "survival"]

_TINY = 1e-300
_EPSILON = 4e-16
_LONGEST = 10_000  # terms; a few dozen are enough for every argument tried


def survival(t: float, df: float) -> float:
    """The probability that a t variable with `df` degrees of freedom is above `t`.

    Raises: ValueError when `df` is not above zero.

    Example:
        >>> round(survival(2.776, 4), 4)
        0.025
    """
    if not df > 0:
        message = f"degrees of freedom are above zero, not {df}"
        raise ValueError(message)
    if isinf(t):
        return 0.0 if t > 0 else 1.0
    square = t * t
    tail = _incomplete_beta(df / 2, 0.5, df / (df + square), square / (df + square)) / 2
    return tail if t >= 0 else 1 - tail


def cdf(t: float, df: float) -> float:
    """The probability that a t variable with `df` degrees of freedom is at most `t`.

    Raises: ValueError when `df` is not above zero.
    """
    return survival(-t, df)


@lru_cache(maxsize=4096)
def quantile(probability: float, df: float) -> float:
    """The `t` with `cdf(t, df)` equal to `probability`, to 12 digits, by bisection.

    Raises: ValueError when `probability` is not between 0 and 1, or `df` not above zero.

    Example:
        >>> round(quantile(0.975, 4), 3)
        2.776
    """
    if not 0 < probability < 1:
        message = f"a probability is between 0 and 1, not {probability}"
        raise ValueError(message)
    if probability < 0.5:
        return -_upper(probability, df)
    return _upper(1 - probability, df)


def _upper(tail: float, df: float) -> float:
    """The t ≥ 0 that is exceeded with probability `tail` ≤ 1/2."""
    low, high = 0.0, 1.0
    while survival(high, df) > tail:
        low, high = high, high * 2
    while high - low > 1e-13 * high:
        middle = (low + high) / 2
        if middle in {low, high}:
            break
        low, high = (middle, high) if survival(middle, df) > tail else (low, middle)
    return (low + high) / 2


def _incomplete_beta(a: float, b: float, x: float, y: float) -> float:
    """I_x(a, b), with y = 1 - x given apart because near 1 the subtraction would lose all digits."""
    if x <= 0 or y <= 0:
        return 0.0 if x <= 0 else 1.0
    log_y = log1p(-x) if x < 0.5 else log(y)
    log_x = log1p(-y) if y < 0.5 else log(x)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log_x + b * log_y)
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(a, b, x) / a
    return 1 - front * _fraction(b, a, y) / b


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of DLMF 8.17.22; it converges fast for x < (a + 1) / (a + b + 2)."""
    c = 1.0
    d = 1 / _away_from_zero(1 - (a + b) * x / (a + 1))
    value, m, step = d, 0, 0.0
    while abs(step - 1) >= _EPSILON and m < _LONGEST:
        m += 1
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / _away_from_zero(1 + term * d)
            c = _away_from_zero(1 + term / c)
            step = c * d
            value *= step
    return value


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY

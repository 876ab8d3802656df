"""Wording: changes, costs and limits as one line for people, so that a figure never reads as being at a limit it is beyond."""

from decimal import Decimal

from codeops.core import figure
from codeops.gate.interval import Interval

__all__ = ["against", "between", "monthly", "thousands", "unlike_money"]


def against(value: Decimal, limit: Decimal) -> tuple[str, str]:
    """A change and its limit as percentages that differ in writing where they differ in fact.

    Example:
        >>> against(Decimal("0.0004"), Decimal("0.08"))
        ('+0.04 %', '+8.0 %')
    """
    first, second = figure.unlike(value, limit)
    reads_as_zero = value and not any(digit in "123456789" for digit in first)
    return (figure.ratio(value), figure.ratio(limit)) if reads_as_zero else (first, second)


def between(span: Interval) -> str:
    """An interval of changes in words.

    Example:
        >>> between(Interval(Decimal("-0.01"), Decimal("0.02"), Decimal("0.05")))
        'between -1.0 % and +5.0 %'
    """
    if not (span.low.is_finite() and span.high.is_finite()):
        return "by an amount that is not known yet"
    return f"between {figure.ratio(span.low)} and {figure.ratio(span.high)}"


def unlike_money(value: Decimal, limit: Decimal, currency: str, *, digits: int = 2) -> tuple[str, str]:
    """Two amounts of money with as many decimals as it takes to tell them apart.

    Example:
        >>> unlike_money(Decimal("200.001"), Decimal(200), "USD")
        ('$200.001', '$200.000')
    """
    texts = [figure.money(number, currency, digits=digits) for number in (value, limit)]
    while value != limit and texts[0] == texts[1] and digits < 15:
        digits += 1
        texts = [figure.money(number, currency, digits=digits) for number in (value, limit)]
    return texts[0], texts[1]


def thousands(value: Decimal, limit: Decimal, currency: str) -> tuple[str, str]:
    """Two costs per request as costs per 1,000 that read differently where they differ."""
    digits = max(figure.fine(value * 1000), figure.fine(limit * 1000))
    return unlike_money(value * 1000, limit * 1000, currency, digits=digits)


def monthly(amount: Decimal, currency: str) -> str:
    """Money a month with its sign.

    Example:
        >>> monthly(Decimal("312.4"), "USD")
        '+$312.40 a month'
    """
    return f"{figure.money(amount, currency, signed=True)} a month"

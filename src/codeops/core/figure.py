"""Figures as people read them, rounded so that they cannot lie.

Nothing that is not zero is shown as zero, and nothing that is beyond a limit is shown as being at it.
"""

from decimal import ROUND_HALF_EVEN, Context, Decimal

__all__ = ["amount", "count_noun", "fine", "money", "per_thousand", "ratio", "symbol", "unlike"]

_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£"}
_WIDE = Context(prec=200)  # rounding needs room for every digit before and after the point


def symbol(currency: str) -> str:
    """How a currency is written in front of an amount.

    Example:
        >>> symbol("EUR"), symbol("CHF")
        ('€', 'CHF ')
    """
    return _SYMBOLS.get(currency, f"{currency} ")


def money(value: Decimal, currency: str = "USD", *, digits: int = 2, signed: bool = False) -> str:
    """Money with at least `digits` decimals, and as many more as it takes not to read as zero.

    Example:
        >>> money(Decimal("1234.5"))
        '$1,234.50'
        >>> money(Decimal("0.000021"))
        '$0.000021'
        >>> money(Decimal("-3"), "EUR", signed=True)
        '-€3.00'
        >>> money(Decimal("3"), "CHF", signed=True)
        '+CHF 3.00'
    """
    sign = "-" if value < 0 else "+" if signed else ""
    return f"{sign}{symbol(currency)}{_fixed(abs(value), digits)}"


def per_thousand(value: Decimal, currency: str = "USD") -> str:
    """Money per request as money per 1,000 requests, with `fine` decimals.

    Example:
        >>> per_thousand(Decimal("0.0000124"))
        '$0.0124'
        >>> per_thousand(Decimal("0.0000000784"))
        '$0.0000784'
    """
    return money(value * 1000, currency, digits=fine(value * 1000))


def fine(value: Decimal) -> int:
    """Decimals that show at least three significant digits of `value`, and never fewer than four decimals."""
    return min(max(4, 2 - value.adjusted()), 24) if value else 4


def ratio(value: Decimal, *, signed: bool = True) -> str:
    """A ratio as a percentage with one decimal, and more where one would read as zero.

    Example:
        >>> ratio(Decimal("0.0814"))
        '+8.1 %'
        >>> ratio(Decimal("0.00012"))
        '+0.012 %'
        >>> ratio(Decimal(0))
        '0.0 %'
    """
    if not value:
        return "0.0 %"
    sign = "-" if value < 0 else "+" if signed else ""
    return f"{sign}{_fixed(abs(value) * 100, 1)} %"


def unlike(value: Decimal, limit: Decimal) -> tuple[str, str]:
    """Two ratios as percentages with as many decimals as it takes to tell them apart.

    Example:
        >>> unlike(Decimal("0.08004"), Decimal("0.08"))
        ('+8.004 %', '+8.000 %')
    """
    digits = 1
    while value != limit and digits < 12 and _round(value * 100, digits) == _round(limit * 100, digits):
        digits += 1
    first, second = (f"{_round(number * 100, digits):+,.{digits}f} %" for number in (value, limit))
    return first, second


def amount(value: Decimal, unit: str, *, signed: bool = False) -> str:
    """An amount with its unit, in the size that people read: `4.2 ms`, `1.3 MB`, `+5 {request}`.

    Example:
        >>> amount(Decimal("0.0042"), "vCPU.s")
        '4.20 ms CPU'
        >>> amount(Decimal(1300000), "By")
        '1.30 MB'
        >>> amount(Decimal(5), "{request}", signed=True)
        '+5 requests'
    """
    sign = "-" if value < 0 else "+" if signed else ""
    size = abs(value)
    scaled = _SCALES.get(unit)
    if scaled is not None:
        noun, steps = scaled
        factor, short = next((step for step in steps if size >= step[0]), steps[-1])
        number = _significant(size / factor)
        return f"{sign}{number} {short}{noun}"
    if unit.startswith("{") and unit.endswith("}"):
        return f"{sign}{count_noun(size, unit[1:-1])}"
    return f"{sign}{_significant(size)} {unit}"


def count_noun(value: Decimal | int, noun: str) -> str:
    """A count and its noun in singular or plural.

    Example:
        >>> count_noun(Decimal(1), "query"), count_noun(Decimal(1500), "query"), count_noun(24, "day")
        ('1 query', '1,500 queries', '24 days')
    """
    number = f"{value:,.0f}" if value == int(value) else _significant(Decimal(value))
    if value == 1:
        return f"{number} {noun}"
    is_changed = noun.endswith("y") and noun[-2:-1] not in "aeiou"
    return f"{number} {noun[:-1]}ies" if is_changed else f"{number} {noun}s"


_TIME = ((Decimal(1), "s"), (Decimal("1e-3"), "ms"), (Decimal("1e-6"), "µs"))
_SIZE = ((Decimal(10) ** 9, "GB"), (Decimal(10) ** 6, "MB"), (Decimal(1000), "kB"), (Decimal(1), "B"))
_HELD = ((Decimal(1), "GiB.s"), (Decimal(1) / 1024, "MiB.s"), (Decimal(1) / 1024**2, "KiB.s"))
_SCALES: dict[str, tuple[str, tuple[tuple[Decimal, str], ...]]] = {
    "vCPU.s": (" CPU", _TIME),
    "s": ("", _TIME),
    "By": ("", _SIZE),
    "GiB.s": ("", _HELD),
}


def _fixed(value: Decimal, digits: int) -> str:
    """`value` ≥ 0 with `digits` decimals, or with two significant digits where those would all be zero."""
    rounded = _round(value, digits)
    if value and not rounded:
        text = f"{_round(value, 1 - value.adjusted()):f}"
        return text.rstrip("0")
    return f"{rounded:,.{digits}f}"


def _significant(value: Decimal) -> str:
    """Three significant digits without an exponent."""
    if not value:
        return "0"
    digits = max(0, 2 - value.adjusted())
    return f"{_round(value, digits):,f}"


def _round(value: Decimal, digits: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_EVEN, context=_WIDE)

"""Amounts as people write them in files: percentages and money, each with its sign."""

import re
from decimal import Decimal, InvalidOperation

from codeops.core.money import Money

__all__ = ["money", "ratio"]

_RATIO = re.compile(r"\s*(\d+(?:\.\d+)?)\s*%\s*")
_MONEY = re.compile(r"\s*(?P<sign>[$€£])?\s*(?P<amount>[\d_.,]+)\s*(?P<code>[A-Z]{3})?\s*")
_CURRENCY = {"$": "USD", "€": "EUR", "£": "GBP"}


def ratio(text: object) -> Decimal | None:
    """`"8 %"` as 0.08; None for anything else. A bare number is nothing: 8 could be 8 % or eightfold.

    Example:
        >>> ratio("8 %"), ratio("8")
        (Decimal('0.08'), None)
    """
    match = _RATIO.fullmatch(text) if isinstance(text, str) else None
    return Decimal(match[1]) / 100 if match else None


def money(text: object) -> Money | None:
    """`"200 USD"` or `"$200"` as money; None for anything else. A bare number is nothing: it has no currency.

    Example:
        >>> money("$1,200.50")
        Money(amount=Decimal('1200.50'), currency='USD')
    """
    match = _MONEY.fullmatch(text) if isinstance(text, str) else None
    if match is None or bool(match["sign"]) == bool(match["code"]):
        return None
    try:
        amount = Decimal(match["amount"].replace(",", "").replace("_", ""))
    except InvalidOperation:
        return None
    return Money(amount, match["code"] or _CURRENCY[match["sign"]])

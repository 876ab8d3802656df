"""Times, percentages and money as people write them, each with its refusal."""

import re
from decimal import Decimal

from codeops.config.origin import Origin
from codeops.core.money import Money
from codeops.document import amount

__all__ = ["duration_s", "money", "ratio", "seconds"]

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|min|h)")
_SECONDS_PER = {"s": 1, "m": 60, "min": 60, "h": 3600}


def seconds(origin: Origin, value: int | Decimal, *keys: str | int) -> float:
    """A time above zero, in seconds.

    Raises: InvalidValue.
    """
    if not value > 0:
        raise origin.refuse(f"{keys[-1]} is {value}", "a time is above zero", f"write for example {keys[-1]} = 1.0", *keys)
    return float(value)


def duration_s(origin: Origin, value: object, *keys: str | int) -> float | None:
    """`90`, `"90s"` or `"2m"` in seconds; None when nothing is said.

    Raises: InvalidValue.
    """
    if value is None:
        return None
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return seconds(origin, Decimal(str(value)), *keys)
    found = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        fix = f'write for example {keys[-1]} = "90s" or {keys[-1]} = "2m"'
        raise origin.refuse(f"{keys[-1]} is {value}, not a duration", "a duration is a number and s, m or h", fix, *keys)
    return seconds(origin, Decimal(found[1]) * _SECONDS_PER[found[2]], *keys)


def ratio(origin: Origin, value: object, *keys: str) -> Decimal | None:
    """`"8 %"` as 0.08. A bare number is refused: 8 could be 8 % or eightfold.

    Raises: InvalidValue.
    """
    if value is None:
        return None
    found = amount.ratio(value)
    if found is None:
        raise origin.refuse(
            f"{keys[-1]} is {value}, not a percentage",
            "a bare number could mean a percentage or a ratio",
            f'write for example {keys[-1]} = "8 %"',
            *keys,
        )
    return found


def money(origin: Origin, value: object, *keys: str) -> Money | None:
    """`"200 USD"` or `"$200"` as money. A bare number is refused: it has no currency.

    Raises: InvalidValue.
    """
    if value is None:
        return None
    found = amount.money(value)
    if found is None:
        raise origin.refuse(
            f"{keys[-1]} is {value}, not an amount of money",
            "money has a currency",
            f'write for example {keys[-1]} = "0.25 USD"',
            *keys,
        )
    return found

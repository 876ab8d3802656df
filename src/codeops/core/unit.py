"""Units of usage, in the spelling of UCUM, with their dimensions checked.

`GiB` is 2^30 bytes and `GB` is 10^9, always; a month is 730 hours (`HOURS_PER_MONTH`).
What is counted is a unit of its own: `{request}` and `{token}` do not mix.
"""

import re
from dataclasses import dataclass
from decimal import Context, Decimal
from functools import lru_cache

from codeops.core.errors import UnitMismatch, UnknownUnit

__all__ = ["EXACT", "HOURS_PER_MONTH", "Unit"]

HOURS_PER_MONTH = 730
"""Hours in the month that prices and budgets mean: 365 × 24 / 12, as the clouds' calculators and Infracost use."""

EXACT = Context(prec=50)
"""The arithmetic of all amounts: 50 significant digits, so that only divisions round, far behind any cent."""

_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86400, "mo": HOURS_PER_MONTH * 3600}
_BYTES = {
    "": 1,
    **{prefix: 1000**power for power, prefix in enumerate(("k", "M", "G", "T", "P"), 1)},
    **{prefix: 1024**power for power, prefix in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi"), 1)},
}
_ATOM = re.compile(r"(?P<byte>(?:[KMGTP]i|[kMGTP])?)(?:By|B)|(?P<time>s|min|h|d|mo)|(?P<unit>vCPU|GPU)|(?P<count>\{[^{}\s]+\})")


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit with its size in base units (`s`, `By`, `vCPU`, `GPU`, `{…}`) and their exponents.

    Example:
        >>> Unit.parse("vCPU.h").factor
        Decimal('3600')
        >>> Unit.parse("GiB.mo").dimensions
        (('By', 1), ('s', 1))
    """

    symbol: str
    factor: Decimal
    dimensions: tuple[tuple[str, int], ...]

    @classmethod
    def parse(cls, text: str) -> "Unit":
        """The unit that `text` spells.

        Raises: UnknownUnit.
        """
        return _parse(text)

    def demand(self, other: "Unit") -> None:
        """Nothing, or `UnitMismatch` when `other` measures something else."""
        if self.dimensions != other.dimensions:
            raise UnitMismatch(
                f"{other} cannot be converted to {self}",
                why=f"{self} measures {_spell(self.dimensions)}, {other} measures {_spell(other.dimensions)}",
                fix=f"use a unit of {_spell(self.dimensions)}",
            )

    def convert(self, amount: Decimal, to: "Unit") -> Decimal:
        """`amount` of this unit as an amount of `to`.

        Raises: UnitMismatch.
        """
        to.demand(self)
        if self.factor == to.factor:
            return amount
        return EXACT.divide(EXACT.multiply(amount, self.factor), to.factor)

    def __str__(self) -> str:
        return self.symbol


@lru_cache(maxsize=1024)
def _parse(text: str) -> Unit:
    factor = Decimal(1)
    exponents: dict[str, int] = {}
    for position, part in enumerate(re.split(r"([./])(?![^{]*\})", text.strip())):
        if position % 2:
            sign = 1 if part == "." else -1
            continue
        base, size = _atom(part, text)
        sign = 1 if position == 0 else sign
        factor = EXACT.multiply(factor, size) if sign > 0 else EXACT.divide(factor, size)
        exponents[base] = exponents.get(base, 0) + sign
    return Unit(text.strip(), factor, tuple(sorted((base, power) for base, power in exponents.items() if power)))


def _atom(part: str, whole: str) -> tuple[str, Decimal]:
    match = _ATOM.fullmatch(part)
    if match is None:
        raise UnknownUnit(
            f"{whole!r} is not a unit",
            why=f"{part!r} is none of s, min, h, d, mo, B with k/M/G/T/P or Ki/Mi/Gi/Ti/Pi, vCPU, GPU or a count such as {{request}}",
            fix='write a product with dots, for example "vCPU.h", "GiB.mo" or "{request}"',
        )
    if match["time"]:
        return "s", Decimal(_SECONDS[match["time"]])
    if match["unit"]:
        return match["unit"], Decimal(1)
    if match["count"]:
        return match["count"], Decimal(1)
    return "By", Decimal(_BYTES[match["byte"]])


def _spell(dimensions: tuple[tuple[str, int], ...]) -> str:
    return ".".join(base if power == 1 else f"{base}{power}" for base, power in dimensions) or "a bare number"

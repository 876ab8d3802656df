"""Suspicions: prices that are legal and yet most likely not what their author meant."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from codeops.core import figure
from codeops.core.cost import Caveat, unique
from codeops.core.finding import Finding, Severity
from codeops.core.location import Location
from codeops.core.price import Price
from codeops.core.unit import EXACT
from codeops.prices.full import Yardstick

__all__ = ["KIND", "caveats", "of_overhead", "of_prices"]

KIND = "suspicious-price"
"""The rule of these findings, and the kind of these caveats."""

_FAR = 100
_NEAR = 20
_BULK = 50
_SAMPLE = 10_000_000
_PLURAL = {"get": "GETs", "put": "PUTs", "list": "LISTs"}


def of_prices(prices: Iterable[Price], yardstick: Yardstick) -> list[Finding]:
    """What is odd about a user's prices, beside the public prices of the same meters.

    A price for one that is near the public price for a thousand is most likely the latter: factor 20 either way.
    Any other price is odd past a factor of 100, for no discount and no region is that far from the rest.
    """
    found = []
    for price in prices:
        public = [other for other in yardstick(price.meter) if other.currency == price.currency and other.tiers[0].price]
        public = [other for other in public if other.per.unit.dimensions == price.per.unit.dimensions]
        if price.tiers[0].price and public:
            found += _bulk(price, public) or _far(price, public)
    return found


def of_overhead(percent: Decimal | None, place: Location) -> list[Finding]:
    """What is odd about a container overhead: a ratio where percent is expected."""
    if percent is None or not 0 < percent < 1:
        return []
    return [
        Finding(
            rule=KIND,
            severity=Severity.WARNING,
            message=f"container_overhead_pct is {percent}, which is less than one percent",
            why=f"read as {percent} %; if it is a ratio, {(percent * 100).normalize():f} % is meant",
            fix=f"write {(percent * 100).normalize():f} for {(percent * 100).normalize():f} %",
            meter="compute.*",
            location=place,
        )
    ]


def caveats(findings: Iterable[Finding]) -> tuple[Caveat, ...]:
    """The findings as what a reader of any cost must know."""
    return unique(Caveat(finding.rule, finding.meter, f"{finding.location}: {finding.message}; {finding.why}") for finding in findings)


def _bulk(price: Price, public: Sequence[Price]) -> list[Finding]:
    """The thousandfold trap: the number of a public price for many, written as the price of one."""
    sold = [other for other in public if other.per.amount >= _BULK * price.per.amount and other.per.unit.factor == price.per.unit.factor]
    number = price.tiers[0].price
    numbers = [other.tiers[0].price for other in sold]
    if not sold or not min(numbers) / _NEAR <= number <= max(numbers) * _NEAR:
        return []
    many = sold[0].per.amount
    unit = price.per.unit.symbol.strip("{}")
    things = _PLURAL.get(price.meter.rpartition(".")[2], f"{unit}s")
    one = price.rate.cost(price.per).amount / price.per.amount
    return [
        Finding(
            rule=KIND,
            severity=Severity.ERROR,
            message=f"{price.meter} costs {_money(one, price)} a {unit}, which is near the public price of {many:,.0f} {things}",
            why=f"read as {_money(one, price)} a {unit}: {_SAMPLE // 10**6} million {things} cost {_money(one * _SAMPLE, price)}; "
            f"if it is the public price per {many:,.0f} they cost {_money(one * _SAMPLE / many, price)}",
            fix=f'write per = "{sold[0].per}", or in the simple form the price of one: {(number / many).normalize():f}',
            meter=price.meter,
            location=price.origin,
        )
    ]


def _far(price: Price, public: Sequence[Price]) -> list[Finding]:
    """A price that no public price of the meter comes near."""
    own = _per_base_unit(price)
    lowest, highest = min(public, key=_per_base_unit), max(public, key=_per_base_unit)
    nearest, ratio = (highest, own / _per_base_unit(highest)) if own > _per_base_unit(highest) else (lowest, _per_base_unit(lowest) / own)
    if ratio <= _FAR:
        return []
    word = "dearer" if nearest is highest else "cheaper"
    return [
        Finding(
            rule=KIND,
            severity=Severity.WARNING,
            message=f"{price.meter} is {ratio:,.0f} times {word} than any public price",
            why=f"it costs {price.rate}; the nearest public price is {nearest.rate} ({nearest.origin})",
            fix="check the unit in per, and whether the price is in cents",
            meter=price.meter,
            location=price.origin,
        )
    ]


def _per_base_unit(price: Price) -> Decimal:
    return EXACT.divide(price.tiers[0].price, EXACT.multiply(price.per.amount, price.per.unit.factor))


def _money(amount: Decimal, price: Price) -> str:
    return figure.money(amount, price.currency, digits=0 if amount >= 1 else 2)

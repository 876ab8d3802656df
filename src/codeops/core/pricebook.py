"""The price book: which entry prices a usage, and why that one."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from difflib import get_close_matches

from codeops.core.cost import Basis, Caveat, Cost, CostLine, unique
from codeops.core.errors import AmbiguousPrice, CurrencyMismatch, MissingPrice, OverlappingPrices, UnitMismatch
from codeops.core.price import Multiplier, Price
from codeops.core.selector import Labels
from codeops.core.shelf import Shelf
from codeops.core.unit import EXACT
from codeops.core.usage import Usage

__all__ = ["Candidate", "Catalogue", "PriceBook"]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Prices that are too many to load at once, looked up when a meter of theirs is asked for.

    `entries(meter, labels)` are those that can match `labels`, or all of that meter where none can.
    `name` identifies the content, for the digest.
    """

    name: str
    meters: tuple[str, ...]
    entries: Callable[[str, Labels], tuple[Price, ...]] = field(compare=False)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry for the meter that was asked for, and why it lost; `lost` is empty for the winner."""

    price: Price
    lost: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceBook:
    """Prices and multipliers of one version in one currency.

    `digest` identifies the content (`sha256:…`), `caveats` are what loading found suspicious.

    Raises: OverlappingPrices, CurrencyMismatch.
    """

    version: str
    currency: str
    prices: tuple[Price, ...] = ()
    multipliers: tuple[Multiplier, ...] = ()
    catalogues: tuple[Catalogue, ...] = ()
    digest: str = ""
    caveats: tuple[Caveat, ...] = ()
    _shelves: dict[str, Shelf] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_meter: dict[str, list[Price]] = {}
        for price in self.prices:
            if price.currency != self.currency:
                raise CurrencyMismatch(
                    f"{price.meter} is priced in {price.currency}, the price book in {self.currency}",
                    why=f"one price book has one currency; {price.origin} states another",
                    fix=f"convert the price to {self.currency}, or write your own entries instead of extending this cloud",
                    location=price.origin,
                )
            by_meter.setdefault(price.meter, []).append(price)
        for prices in by_meter.values():
            _refuse_overlaps(prices)
        object.__setattr__(self, "_shelves", {meter: Shelf.of(prices) for meter, prices in by_meter.items()})

    def meters(self) -> tuple[str, ...]:
        """The meters with at least one entry, sorted."""
        return tuple(sorted({*self._shelves, *(meter for catalogue in self.catalogues for meter in catalogue.meters)}))

    def entries(self, meter: str, labels: Labels) -> tuple[Price, ...]:
        """Every entry for `meter` that is worth comparing with `labels`."""
        own = self._shelves[meter].prices if meter in self._shelves else ()
        return own + self._looked_up(meter, labels)

    def find(self, meter: str, labels: Labels, at: date) -> Price:
        """The entry for `meter` and `labels` on the day `at`: own before extended, then the most specific.

        Raises: MissingPrice when nothing matches, AmbiguousPrice when two match equally well.
        """
        shelf = self._shelves.get(meter)
        near = shelf.near(labels) if shelf else ()
        matching = [price for price in near + self._looked_up(meter, labels) if price.mismatch(labels, at) is None]
        if not matching:
            raise self._missing(meter, labels, at)
        best = min(map(_rank, matching))
        winners = [price for price in matching if _rank(price) == best]
        if len(winners) > 1:
            first, second = winners[:2]
            raise AmbiguousPrice(
                f"two prices for {meter} match equally well",
                why=f"{first.origin} (when {first.when}) and {second.origin} (when {second.when}) each match {len(first.when)} labels",
                fix="add a label to one of them, or to the usage, so that one is more specific",
                location=first.origin,
            )
        return winners[0]

    def candidates(self, meter: str, labels: Labels, at: date) -> tuple[Candidate, ...]:
        """Every entry for `meter`, the winner first, each of the others with why it lost.

        Raises: MissingPrice, AmbiguousPrice.
        """
        winner = self.find(meter, labels, at)
        losers = [price for price in self.entries(meter, labels) if price is not winner]
        told = [
            Candidate(price, price.mismatch(labels, at) or _outranked(price, winner))
            for price in sorted(losers, key=lambda price: (_misses(price, labels), _rank(price)))
        ]
        return (Candidate(winner, ""), *told)

    def price(self, usages: Iterable[Usage], at: date, basis: Basis = Basis.MEASURED) -> Cost:
        """The cost of `usages` at the prices of the day `at`; what has no price becomes a caveat.

        Raises: AmbiguousPrice, UnitMismatch.
        """
        lines: list[CostLine] = []
        caveats: list[Caveat] = []
        for usage in usages:
            try:
                price = self.find(usage.meter, usage.labels, at)
            except MissingPrice as missing:
                caveats.append(Caveat("unpriced", usage.meter, f"{missing.title}: {missing.why}"))
                continue
            lines.append(self._line(usage, price, at))
            caveats += _caveats(usage, price)
        return Cost(currency=self.currency, lines=tuple(lines), caveats=unique(caveats), basis=basis)

    def _line(self, usage: Usage, price: Price, at: date) -> CostLine:
        if usage.quantity.unit.dimensions != price.per.unit.dimensions:
            raise _counted_otherwise(usage, price)
        known = {**dict(price.assume), **usage.labels}
        chosen = [multiplier for multiplier in self.multipliers if multiplier.applies(usage.meter, known, at)]
        factor = Decimal(1)
        for multiplier in chosen:
            factor = EXACT.multiply(factor, multiplier.factor)
        return CostLine(usage, price, tuple(multiplier.name for multiplier in chosen), factor, price.rate.cost(usage.quantity) * factor)

    def _looked_up(self, meter: str, labels: Labels) -> tuple[Price, ...]:
        found: tuple[Price, ...] = ()
        for catalogue in self.catalogues:
            if meter in catalogue.meters:
                found += catalogue.entries(meter, labels)
        return found

    def _missing(self, meter: str, labels: Labels, at: date) -> MissingPrice:
        known = self.entries(meter, labels)
        given = ", ".join(f"{name}={value}" for name, value in sorted(labels.items())) or "no labels"
        remedy = "correct the labels"
        if not known:
            remedy = "extend prices that have it"
            near = get_close_matches(meter, self.meters(), 1)
            why = f"price book {self.version} has no entry for this meter" + (f", the nearest name is {near[0]}" if near else "")
        else:
            nearest = min(known, key=lambda price: (_misses(price, labels), -len(price.when)))
            why = f"{len(known)} entries for this meter, the nearest wants {nearest.when}: {nearest.mismatch(labels, at)}"
            why += _near_value(nearest, known, labels)
        return MissingPrice(
            f"{meter} has no price for {given}",
            why=why,
            fix=f'add [[price]] with meter = "{meter}" to your price book, or {remedy}',
        )


def _caveats(usage: Usage, price: Price) -> list[Caveat]:
    """What is taken for granted when `price` is put on `usage`."""
    found = [
        Caveat(f"assumed-{name.replace('_', '-')}", usage.meter, f"{usage.meter}: priced for {name} {value}, which usage does not state")
        for name, value in price.assumed(usage.labels).items()
        if name != "provider"
    ]
    first = price.tiers[0]
    if first.up_to is not None:
        volume = f"{first.up_to.normalize():f} {price.per.unit}"
        found.append(Caveat("first-tier", usage.meter, f"{usage.meter}: priced at the first volume tier, which ends at {volume} a month"))
    return found


def _counted_otherwise(usage: Usage, price: Price) -> UnitMismatch:
    """A meter that is counted in one unit and sold in another that measures something else."""
    unit = usage.quantity.unit
    return UnitMismatch(
        f"{usage.meter} is counted in {unit}, and its price is per {price.per}",
        why=f"{unit} cannot be converted to {price.per.unit}; the price is at {price.origin}",
        fix=f'write per = "{unit}" there, or count it in {price.per.unit}: codeops.record("{usage.meter}", …, unit="{price.per.unit}")',
    )


def _rank(price: Price) -> tuple[int, int]:
    return (price.layer, -len(price.when))


def _misses(price: Price, labels: Labels) -> int:
    known = {**dict(price.assume), **labels}
    return sum(known.get(name) not in values for name, values in price.when.terms)


def _near_value(nearest: Price, known: tuple[Price, ...], labels: Labels) -> str:
    """The spelling that was perhaps meant, where a label has a value that no entry knows."""
    assumed = dict(nearest.assume)
    wrong = next((name for name, values in nearest.when.terms if labels.get(name, assumed.get(name)) not in values), None)
    if wrong is None or wrong not in labels:
        return ""
    spellings = sorted({value for price in known for name, values in price.when.terms if name == wrong for value in values})
    near = get_close_matches(labels[wrong], spellings, 1)
    return f"; the nearest {wrong} with a price is {near[0]}" if near and labels[wrong] not in spellings else ""


def _outranked(price: Price, winner: Price) -> str:
    if price.layer != winner.layer:
        return "matches, but your own price book goes before the one it extends"
    return f"matches, but {len(price.when)} labels are less specific than {len(winner.when)}"


def _refuse_overlaps(prices: list[Price]) -> None:
    """`OverlappingPrices` when two entries for the same labels are valid on the same day."""
    seen: dict[object, list[Price]] = {}
    for price in prices:
        for earlier in seen.setdefault((price.when, price.layer), []):
            if price.overlaps(earlier):
                raise OverlappingPrices(
                    f"two prices for {price.meter} are valid at the same time",
                    why=f"{earlier.origin} and {price.origin} both are for {price.when}, {_span(earlier)} and {_span(price)}",
                    fix="end the older one with valid_to on the day the newer one begins, or remove one",
                    location=price.origin,
                )
        seen[price.when, price.layer].append(price)


def _span(price: Price) -> str:
    return f"from {price.valid_from or 'ever'} until {price.valid_to or 'for ever'}"

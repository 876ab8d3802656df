"""Answers about a price book: what is in it, and which entry prices a usage for which reasons."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase

from codeops.core.money import Money, Quantity, Rate
from codeops.core.price import Multiplier, Price
from codeops.core.pricebook import Candidate, PriceBook
from codeops.core.selector import NO_LABELS, Labels, Selector
from codeops.core.usage import Usage

__all__ = ["Explanation", "explain", "labels_of", "listing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a meter costs what it costs.

    `winner` is the entry that counts, `losers` are the others, each with the reason it lost.
    `assumed` are labels that decided although usage does not state them. `rate` is the winner's first tier times
    the factors of `multipliers`; money per `rate.per`.
    """

    meter: str
    labels: Mapping[str, str]
    at: date
    winner: Price
    losers: tuple[Candidate, ...]
    multipliers: tuple[Multiplier, ...]
    assumed: Mapping[str, str]
    rate: Rate


def explain(book: PriceBook, meter: str, labels: Labels, at: date) -> Explanation:
    """Which entry of `book` prices `meter` for `labels` on the day `at`, and why not another.

    Raises: MissingPrice, AmbiguousPrice.
    """
    winner, *losers = book.candidates(meter, labels, at)
    price = winner.price
    line = book.price([Usage(meter, Quantity(Decimal(1), price.per.unit), labels)], at).lines[0]
    known = {**dict(price.assume), **labels}
    return Explanation(
        meter=meter,
        labels=dict(labels),
        at=at,
        winner=price,
        losers=tuple(losers),
        multipliers=tuple(multiplier for multiplier in book.multipliers if multiplier.applies(meter, known, at)),
        assumed={name: value for name, value in price.assumed(labels).items() if name != "provider"},
        rate=Rate(Money(price.rate.price.amount, price.currency) * line.factor, price.per),
    )


def listing(book: PriceBook, *, meter: str = "*", labels: Labels = NO_LABELS) -> list[Price]:
    """The entries of `book` for the meters that match the pattern, and that usage with `labels` could get.

    Your own entries go first, then by meter and labels. LLM prices, thousands, are there when the pattern names their meter.
    """
    wanted = Selector.of(dict(labels))
    found = [price for price in book.prices if fnmatchcase(price.meter, meter)]
    for catalogue in book.catalogues:
        found += [
            price for name in catalogue.meters if fnmatchcase(name, meter) and meter != "*" for price in catalogue.entries(name, labels)
        ]
    chosen = [price for price in found if price.when.meets(wanted)]
    return sorted(chosen, key=lambda price: (price.layer, price.meter, price.when.terms, price.valid_from or date.min))


def labels_of(price: Price) -> Selector:
    """The labels that an entry is for, without the provider that each packaged price carries."""
    packaged = dict(price.assume).get("provider") is not None or price.retrieved is not None
    return Selector(tuple(term for term in price.when.terms if term[0] != "provider")) if packaged else price.when

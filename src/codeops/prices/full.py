"""The full form: entries of a file to prices and multipliers, each with its place and every doubt about it settled."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from codeops.core.errors import InvalidValue, UnitMismatch
from codeops.core.location import Location
from codeops.core.meter import COMMON, check_name
from codeops.core.money import Quantity
from codeops.core.price import Multiplier, Price, Tier
from codeops.core.selector import Selector
from codeops.core.unit import Unit
from codeops.document import Document, located
from codeops.prices.form import CloudFile, FullFile, PriceEntry

__all__ = ["Yardstick", "multipliers_of", "packaged_prices_of", "prices_of"]

Yardstick = Callable[[str], Sequence[Price]]
"""The packaged prices of a meter, that a user's entry is compared with; none for a meter of the user's own."""

_USUAL = {"vCPU.s": "vCPU.h", "GiB.s": "GiB.h", "GPU.s": "GPU.h", "By": "GiB"}


def prices_of(document: Document, file: FullFile, layer: int, yardstick: Yardstick) -> list[Price]:
    """The prices of a user's file.

    Raises: InvalidValue, UnknownUnit, UnitMismatch, InvalidPrice; all with file and line.
    """
    prices = []
    for index, entry in enumerate(file.price):
        with located(document.locate("price", index, "meter")):
            check_name(entry.meter)
        with located(document.locate("price", index, "per")):
            _refuse_foreign_unit(entry, yardstick)
        with located(document.locate("price", index, "when")):
            _refuse_empty_labels(entry)
        with located(document.locate("price", index)):
            prices.append(_price(entry, _Common(file.currency, layer=layer), document.locate("price", index)))
    return prices


def packaged_prices_of(file: CloudFile, cloud: str, *, layer: int, assume_provider: bool, origins: Sequence[Location]) -> list[Price]:
    """The prices of a packaged file, each for `provider` = `cloud`.

    Raises: InvalidValue, UnknownUnit, InvalidPrice.
    """
    assume = {**({"provider": cloud} if assume_provider else {}), **file.assume}
    common = _Common(
        currency=file.currency,
        layer=layer,
        assume=tuple(sorted(assume.items())),
        source=file.source,
        terms=(("provider", (cloud,)),),
    )
    prices = []
    for entry, origin in zip(file.price, origins, strict=True):
        with located(origin):
            price = _price(entry, common, origin)
        prices.append(replace(price, retrieved=file.retrieved))
    return prices


def multipliers_of(document: Document, file: FullFile) -> list[Multiplier]:
    """The multipliers of a user's file.

    Raises: InvalidPrice with file and line.
    """
    return [
        Multiplier(
            name=entry.name,
            factor=entry.factor,
            meters=tuple(entry.meters) or ("*",),
            when=Selector.of(entry.when),
            valid_from=entry.valid_from,
            valid_to=entry.valid_to,
            source=entry.source,
            origin=document.locate("multiplier", index),
        )
        for index, entry in enumerate(file.multiplier)
    ]


@dataclass(frozen=True, slots=True)
class _Common:
    """What all entries of a file share."""

    currency: str
    layer: int
    assume: tuple[tuple[str, str], ...] = ()
    source: str = ""
    terms: tuple[tuple[str, tuple[str, ...]], ...] = ()


def _price(entry: PriceEntry, common: _Common, origin: Location) -> Price:
    if (entry.price is None) == (not entry.tiers):
        both = entry.price is not None
        raise InvalidValue(
            f"the entry for {entry.meter} has {'both a price and tiers' if both else 'no price'}",
            why="an entry has either price or tiers",
            fix="remove one of the two" if both else 'add price = "…", the price of one per',
        )
    tiers = tuple(Tier(tier.price, tier.up_to) for tier in entry.tiers)
    selector = Selector.of(entry.when)
    return Price(
        meter=entry.meter,
        per=_quantity(entry.per),
        tiers=tiers if entry.price is None else (Tier(entry.price),),
        currency=common.currency,
        when=Selector(tuple(sorted((*selector.terms, *common.terms)))) if common.terms else selector,
        assume=common.assume,
        valid_from=entry.valid_from,
        valid_to=entry.valid_to,
        source=entry.source or common.source,
        note=entry.note,
        layer=common.layer,
        origin=origin,
    )


_quantity = lru_cache(maxsize=1024)(Quantity.parse)


def _refuse_foreign_unit(entry: PriceEntry, yardstick: Yardstick) -> None:
    """`UnitMismatch` when usage of the meter is counted in something that `per` does not measure."""
    given = _quantity(entry.per).unit
    packaged = yardstick(entry.meter)
    counted = packaged[0].per.unit if packaged else Unit.parse(COMMON[entry.meter]) if entry.meter in COMMON else None
    if counted is not None and counted.dimensions != given.dimensions:
        raise UnitMismatch(
            f"{entry.meter} cannot be priced per {given}",
            why=f"its usage is counted in {COMMON.get(entry.meter, counted)}",
            fix=f'write per = "{packaged[0].per if packaged else _USUAL.get(str(counted), counted)}", or another unit of that kind',
        )


def _refuse_empty_labels(entry: PriceEntry) -> None:
    for name, value in entry.when.items():
        if not value:
            raise InvalidValue(
                f"the label {name} has no value", why="an entry without a value never matches", fix="name the value, or remove the label"
            )

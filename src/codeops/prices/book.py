"""The price book as a whole: which files and clouds it is made of, and which of them goes first."""

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path

from codeops.core.errors import InvalidValue, UnknownName, UnreadableFile
from codeops.core.finding import Finding
from codeops.core.location import Location
from codeops.core.price import Multiplier, Price
from codeops.core.pricebook import PriceBook
from codeops.document import Document, decode
from codeops.document import load as load_document
from codeops.prices import cloud, full, llm, simple, suspicion
from codeops.prices.form import FullFile, SimpleFile, is_simple

__all__ = ["BookFile", "clouds", "load", "load_file"]

_SUFFIXES = {".toml", ".json", ".yaml", ".yml"}


@dataclass(frozen=True, slots=True)
class BookFile:
    """A price book file that was read: its document, and its content in one of the two forms."""

    document: Document
    content: FullFile | SimpleFile

    @property
    def version(self) -> str:
        """What the file calls itself."""
        return self.content.version if isinstance(self.content, FullFile) else self.content.meta.version

    @property
    def currency(self) -> str:
        """The currency of its prices, ISO 4217."""
        return self.content.currency if isinstance(self.content, FullFile) else self.content.meta.currency

    @property
    def extends(self) -> list[str]:
        """The names and paths of what it extends."""
        return self.content.extends if isinstance(self.content, FullFile) else []

    def prices(self, layer: int, yardstick: full.Yardstick) -> list[Price]:
        """Its own prices.

        Raises: InvalidValue, UnknownUnit, UnitMismatch, InvalidPrice.
        """
        if isinstance(self.content, FullFile):
            return full.prices_of(self.document, self.content, layer, yardstick)
        return simple.prices_of(self.document, self.content, layer)

    def multipliers(self) -> list[Multiplier]:
        """Its own multipliers.

        Raises: InvalidPrice.
        """
        if isinstance(self.content, FullFile):
            return full.multipliers_of(self.document, self.content)
        return simple.multipliers_of(self.document, self.content)

    def doubts(self) -> list[Finding]:
        """What looks wrong in it although it can be read."""
        if isinstance(self.content, FullFile):
            return []
        return suspicion.of_overhead(self.content.platform.container_overhead_pct, self.document.locate(*simple.OVERHEAD))


def clouds() -> list[str]:
    """The names that `extends` accepts: clouds with packaged prices, and `llm`."""
    return sorted([*cloud.names(), llm.NAME])


def load_file(path: str) -> BookFile:
    """The price book file at `path`, without what it extends.

    Raises: FileError.
    """
    document = load_document(path)
    if is_simple(document.data):
        return BookFile(document, decode(document, SimpleFile))
    return BookFile(document, decode(document, FullFile))


def load(path: str) -> PriceBook:
    """The price book at `path` with everything it extends, and caveats on what looks wrong in it.

    Raises: FileError, UnitError, PriceError, UnknownName, MissingExtra; all with file and line.
    """
    parts = _Parts()
    root = parts.add_file(path, ())
    layers = parts.layers(root)
    sold = [name for name in parts.order if name in parts.clouds]
    packaged = [price for name in sold for price in cloud.prices_of(name, layer=layers[name], assume_provider=len(sold) == 1)]
    yardstick = _Yardstick(packaged)
    files = sorted((name for name in parts.order if name in parts.files), key=lambda name: layers[name])
    own = [price for name in files for price in parts.files[name].prices(layers[name], yardstick)]
    catalogues = [llm.catalogue(layers[llm.NAME])] if llm.NAME in layers else []
    book = PriceBook(
        version=parts.files[root].version,
        currency=parts.files[root].currency,
        prices=(*own, *packaged),
        multipliers=_multipliers([parts.files[name].multipliers() for name in files]),
        catalogues=tuple(catalogues),
    )
    doubts = [*suspicion.of_prices(own, yardstick), *(doubt for name in files for doubt in parts.files[name].doubts())]
    return replace(book, digest=_digest(book), caveats=suspicion.caveats(doubts))


@dataclass(slots=True)
class _Parts:
    """Files and clouds of a book, each once, whatever extends them; `order` has a part after all that it extends."""

    files: dict[str, BookFile] = field(default_factory=dict)
    clouds: set[str] = field(default_factory=set)
    order: list[str] = field(default_factory=list)
    extends: dict[str, list[str]] = field(default_factory=dict)

    def add_file(self, path: str, chain: tuple[str, ...], place: Location | None = None) -> str:
        """The key of the file at `path`, after it and everything it extends was read; `place` is where it is named."""
        key = os.path.realpath(path)
        if key in self.files:
            return key
        try:
            book = load_file(path)
        except UnreadableFile as problem:
            raise UnreadableFile(problem.title, why=problem.why, fix=problem.fix, location=place or problem.location) from problem
        parts = []
        for index, name in enumerate(book.extends):
            parts.append(self._add(name, book.document, index, (*chain, key)))
        self.files[key] = book
        self.extends[key] = parts
        self.order.append(key)
        return key

    def _add(self, name: str, document: Document, index: int, chain: tuple[str, ...]) -> str:
        place = document.locate("extends", index)
        if Path(name).suffix.lower() in _SUFFIXES:
            return self._add_other(name, document, place, chain)
        if name != llm.NAME and cloud.folder(name) is None:
            near = get_close_matches(name, clouds(), 1)
            raise UnknownName(
                f"there are no prices called {name!r}",
                why=f"known are {', '.join(clouds())}, and paths of price books ending in {', '.join(sorted(_SUFFIXES))}",
                fix=f'write "{near[0]}"' if near else "choose one of them",
                location=place,
            )
        if name not in self.extends:
            self.extends[name] = []
            self.order.append(name)
            self.clouds |= {name} - {llm.NAME}
        return name

    def _add_other(self, name: str, document: Document, place: Location, chain: tuple[str, ...]) -> str:
        path = os.path.join(os.path.dirname(document.path), name)  # ruff: ignore[os-path-join, os-path-dirname] - a relative path stays as the user wrote it
        if os.path.realpath(path) in chain:
            raise InvalidValue(
                f"{name} extends itself",
                why=" → ".join(os.path.relpath(part, os.path.dirname(chain[0])) for part in (*chain, os.path.realpath(path))),  # ruff: ignore[os-path-dirname]
                fix="remove one of the extends in this circle",
                location=place,
            )
        return self.add_file(path, chain, place)

    def layers(self, root: str) -> dict[str, int]:
        """How far each part is from the root, by the longest way: a part goes before all that it extends."""
        layers = {root: 0}
        for key in reversed(self.order):
            for part in self.extends[key]:
                layers[part] = max(layers.get(part, 0), layers[key] + 1)
        return layers


class _Yardstick:
    """The public prices of a meter: of the clouds that the book extends, else of the cloud that the meter names."""

    def __init__(self, packaged: Iterable[Price]) -> None:
        self._by_meter: dict[str, list[Price]] = {}
        for price in packaged:
            self._by_meter.setdefault(price.meter, []).append(price)

    def __call__(self, meter: str) -> Sequence[Price]:
        return self._by_meter.get(meter) or cloud.reference(meter)


def _multipliers(by_file: Iterable[list[Multiplier]]) -> tuple[Multiplier, ...]:
    """The multipliers of all files, nearest first; a name replaces that name in files that are further away."""
    chosen: list[Multiplier] = []
    for multipliers in by_file:
        taken = {multiplier.name for multiplier in chosen}
        chosen += [multiplier for multiplier in multipliers if multiplier.name not in taken]
    return tuple(chosen)


def _digest(book: PriceBook) -> str:
    """`sha256:…` over everything that decides a price; spelling, order and comments do not count."""
    prices = sorted(repr((price.layer, price.meter, *_terms(price))) for price in book.prices)
    multipliers = sorted(
        repr((factor.name, factor.factor.normalize(), factor.meters, factor.when.terms, str(factor.valid_from), str(factor.valid_to)))
        for factor in book.multipliers
    )
    names = sorted(catalogue.name for catalogue in book.catalogues)
    content = "\n".join([book.version, book.currency, *prices, *multipliers, *names])
    return f"sha256:{hashlib.sha256(content.encode()).hexdigest()}"


def _terms(price: Price) -> tuple[object, ...]:
    tiers = [(tier.price.normalize(), tier.up_to and tier.up_to.normalize()) for tier in price.tiers]
    per = (price.per.amount.normalize(), price.per.unit.symbol)
    return tiers, per, price.currency, price.when.terms, price.assume, str(price.valid_from), str(price.valid_to)

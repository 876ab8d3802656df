"""The check of a price book: what loads and is still worth a second look."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from difflib import get_close_matches
from fnmatch import fnmatchcase
from itertools import combinations

from codeops.core.finding import Finding, Severity
from codeops.core.meter import COMMON
from codeops.core.price import Multiplier, Price
from codeops.core.pricebook import PriceBook
from codeops.prices import cloud, suspicion
from codeops.prices.book import load, load_file

__all__ = ["YEAR", "check", "ties"]

YEAR = timedelta(days=365)
"""The age past which a price wants a reason."""


def check(path: str, at: date | None = None) -> list[Finding]:
    """What is suspicious in the price book at `path`, on the day `at` (today), in the order of the file.

    Rules: `suspicious-price`, `old-price`, `unknown-meter`, `possible-tie`, `unused-multiplier`.

    Raises: FileError, UnitError, PriceError for a book that cannot be used at all.
    """
    book = load(path)
    day = at or date.today()  # ruff: ignore[call-date-today] - prices hold by the calendar of who asks
    own = [price for price in book.prices if price.retrieved is None]
    packaged = [price for price in book.prices if price.retrieved is not None] or [
        price for name in cloud.names() for price in cloud.prices_of(name)
    ]
    by_meter: dict[str, list[Price]] = {}
    for price in packaged:
        by_meter.setdefault(price.meter, []).append(price)
    known = {*COMMON, *by_meter, *(meter for name in cloud.names() for meter in cloud.meters(name))}
    found = [
        *suspicion.of_prices(own, lambda meter: by_meter.get(meter) or cloud.reference(meter)),
        *load_file(path).doubts(),
        *_old(book, day),
        *_unknown(own, known),
        *_tied(ties(own)),
        *_unused(book.multipliers, known | set(book.meters())),
    ]
    return sorted(
        found, key=lambda finding: (str(finding.location and finding.location.path), (finding.location and finding.location.line) or 0)
    )


def ties(prices: Iterable[Price]) -> list[tuple[Price, Price]]:
    """Pairs of entries that can match the same usage equally well, so that it would have no price."""
    by_meter: dict[tuple[str, int, int], list[Price]] = {}
    for price in prices:
        by_meter.setdefault((price.meter, price.layer, len(price.when)), []).append(price)
    return [
        (one, other)
        for rivals in by_meter.values()
        for one, other in combinations(rivals, 2)
        if one.when.meets(other.when) and _share_a_day(one, other)
    ]


def _share_a_day(one: Price, other: Price) -> bool:
    return (one.valid_from or date.min) < (other.valid_to or date.max) and (other.valid_from or date.min) < (one.valid_to or date.max)


def _old(book: PriceBook, day: date) -> list[Finding]:
    """Own prices a year old without a note, and packaged files that nobody has read for a year."""
    own = [price for price in book.prices if price.retrieved is None and not price.note and price.valid_to is None]
    packaged = {price.origin.path: price for price in book.prices if price.retrieved is not None}
    found = []
    for price in (*own, *packaged.values()):
        since = price.retrieved or price.valid_from
        if since is None or day - since <= YEAR:
            continue
        what, fix = price.meter, "check it, then move valid_from, or say in note why it still holds"
        if price.retrieved:
            what, fix = price.origin.path, "update CodeOps, or write your own entries"
        found.append(
            Finding(
                rule="old-price",
                severity=Severity.INFO,
                message=f"{what} is of {since}, older than a year",
                why=f"it is {(day - since).days} days old; its source is {price.source or 'not stated'}",
                fix=fix,
                meter=price.meter,
                location=price.origin,
            )
        )
    return found


def _unknown(own: Sequence[Price], known: set[str]) -> list[Finding]:
    """Meters that nobody records, one slip away from one that is recorded."""
    found = []
    for price in own:
        near = [] if price.meter in known else get_close_matches(price.meter, sorted(known), 1, cutoff=0.85)
        if near:
            found.append(
                Finding(
                    rule="unknown-meter",
                    severity=Severity.INFO,
                    message=f"{price.meter} is no meter that CodeOps knows",
                    why=f"a known one is {near[0]}; nothing is priced by an entry whose meter nobody records",
                    fix=f'write meter = "{near[0]}", if that is meant',
                    meter=price.meter,
                    location=price.origin,
                )
            )
    return found


def _tied(pairs: Sequence[tuple[Price, Price]]) -> list[Finding]:
    return [
        Finding(
            rule="possible-tie",
            severity=Severity.WARNING,
            message=f"two entries for {one.meter} can match the same usage equally well",
            why=f"{one.origin} is for {one.when}, {other.origin} for {other.when}: usage with all these labels would have no price",
            fix="add a label to one of them, so that it is more specific",
            meter=one.meter,
            location=other.origin,
        )
        for one, other in pairs
    ]


def _unused(multipliers: Sequence[Multiplier], known: set[str]) -> list[Finding]:
    return [
        Finding(
            rule="unused-multiplier",
            severity=Severity.WARNING,
            message=f"multiplier {multiplier.name!r} applies to no meter",
            why=f"{pattern} matches none of {len(known)} known meters",
            fix="correct the pattern in meters",
            location=multiplier.origin,
        )
        for multiplier in multipliers
        for pattern in multiplier.meters
        if not any(fnmatchcase(meter, pattern) for meter in known)
    ]

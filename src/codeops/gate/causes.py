"""Causes: which lines of code consume more than before.

Lines of code move when others are added, so places are matched by what they are, not by their number: the same code in the same
function of the same file first, then any code of the same function, then the same code elsewhere, because it moved.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal

from codeops.core.location import Location
from codeops.core.report import Cause
from codeops.core.snapshot import Site
from codeops.gate.advice import advice_for, grown
from codeops.gate.lines import Line, trimmed

__all__ = ["causes_of"]

_NEGLIGIBLE = Decimal("0.01")  # of a line's growth; snapshots round, and a rounding is no cause
_LEVELS: tuple[Callable[[Site], tuple[str, ...]], ...] = (
    lambda site: (site.file, site.function, site.code),
    lambda site: (site.file, site.function),
    lambda site: (site.code,),
)


def causes_of(lines: Iterable[Line], requests_per_month: int | None) -> tuple[Cause, ...]:
    """The places whose use of the meters in `lines` changed, the most expensive first; those of one meter add up to its growth.

    A line that did not grow as a whole has no causes: work that only moved within it costs nothing more.
    What no place accounts for is a cause without a location.
    """
    found = [
        _cause(line, amount, site, requests_per_month)
        for line in lines
        if line.growth > 0
        for amount, site in _shares(line)
        if abs(amount) > _NEGLIGIBLE * line.growth
    ]
    return tuple(sorted(found, key=lambda cause: (-(cause.cost or Decimal(0)), -cause.amount, cause.text)))


def _shares(line: Line) -> list[tuple[Decimal, Site | None]]:
    """The growth of `line` by place; None where it belongs to no place that is known."""
    before = line.base.sites if line.base else ()
    after = line.head.sites if line.head else ()
    if after and line.base and not before:
        return [(line.growth, _largest(after))]
    placed = _sum(after) - _sum(before)
    return [*_changed_sites(before, after), (line.growth - placed, None)]


def _changed_sites(before: Iterable[Site], after: Iterable[Site]) -> list[tuple[Decimal, Site | None]]:
    """How much more each place of `after` consumes than its counterpart in `before`, and what is gone with places of `before`."""
    found: list[tuple[Decimal, Site | None]] = []
    old, new = list(before), list(after)
    for key in _LEVELS:
        shared = {key(site) for site in old} & {key(site) for site in new} - {("",)}
        for one in sorted(shared):
            matched = [site for site in new if key(site) == one]
            found.append((_sum(matched) - _sum(site for site in old if key(site) == one), _largest(matched)))
        old, new = ([site for site in sites if key(site) not in shared] for sites in (old, new))
    return [*found, *((site.amount, site) for site in new), *((-site.amount, site) for site in old)]


def _largest(sites: Iterable[Site]) -> Site:
    return min(sites, key=lambda site: (-site.amount, site.file, site.line))


def _sum(sites: Iterable[Site]) -> Decimal:
    return sum((site.amount for site in sites), Decimal(0))


def _cause(line: Line, amount: Decimal, site: Site | None, requests_per_month: int | None) -> Cause:
    cost = None
    if line.head_cost is not None and line.head is not None:
        cost = trimmed(line.head_cost * amount / line.head.mean)
    is_gone = (
        site is not None and line.base is not None and line.head is not None and site in line.base.sites and site not in line.head.sites
    )
    place = Location(site.file, site.line) if site else None
    where = "" if place is None else f" no longer at {place}" if is_gone else f" at {place}"
    return Cause(
        text=f"{grown(line.meter, line.unit, amount)}{where}",
        meter=line.meter,
        unit=line.unit,
        amount=amount,
        cost=cost,
        monthly=trimmed(cost * requests_per_month) if cost is not None and requests_per_month is not None else None,
        location=None if is_gone else place,
        code=site.code if site else "",
        advice=advice_for(line.meter) if amount > 0 else "",
    )

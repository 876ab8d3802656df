"""Causes: which lines of code, or spans of a service, consume more than before.

Lines of code move when others are added, so places are matched by what they are, not by their number: the same code in the same
function of the same file first, then any code of the same function, then the same code elsewhere, because it moved.

Counts know their places exactly. Places of a level (CPU) come from a sampling profile: it distributes what was timed without it,
and a place whose change is within two standard errors is no cause; it stays in the part that no place accounts for.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from codeops.core.location import Location
from codeops.core.meter import is_statistical
from codeops.core.report import Cause
from codeops.core.snapshot import MeterUsage, Site
from codeops.gate.advice import advice_for, grown
from codeops.gate.lines import Line, Nature, trimmed

__all__ = ["causes_of"]

_NEGLIGIBLE = Decimal("0.01")  # of a line's growth; snapshots round, and a rounding is no cause
_ERRORS = 2  # standard errors that a place of a profile has to move by; about 95 % of what did not move stays within
_LEVELS: tuple[Callable[[Site], tuple[str, ...]], ...] = (
    lambda site: (site.file, site.function, site.code),
    lambda site: (site.file, site.function),
    lambda site: (site.code,),
)


@dataclass(frozen=True, slots=True)
class _Move:
    """How much more is used at `site` than before, or at no place that is known; `is_rest` where other places are known to have moved.

    Units: `amount` and its standard error `error` in the meter's unit.
    """

    amount: Decimal
    site: Site | None
    error: Decimal = Decimal(0)
    is_rest: bool = False


def causes_of(lines: Iterable[Line], requests_per_month: int | None) -> tuple[Cause, ...]:
    """The places whose use of the meters in `lines` changed, the most expensive first; those of one meter add up to its growth.

    A line that did not grow as a whole has no causes: work that only moved within it costs nothing more.
    What no place accounts for is a cause without a location.
    """
    found = [_cause(line, move, requests_per_month) for line in lines if line.growth > 0 for move in _moves(line)]
    return tuple(sorted(found, key=lambda cause: (-(cause.cost or Decimal(0)), -cause.amount, cause.text)))


def _moves(line: Line) -> list[_Move]:
    """The growth of `line` by place."""
    before, after = (_sites(usage) for usage in (line.base, line.head))
    if line.nature is Nature.LEVEL:
        sure = [move for move in _changed_sites(before, after) if abs(move.amount) > _ERRORS * move.error] if before and after else []
        rest = line.growth - sum((move.amount for move in sure), Decimal(0))
        return [*sure, *([_Move(rest, None, is_rest=bool(sure))] if rest else [])]
    if after and line.base and not before:
        return [_Move(line.growth, _largest(after))]
    moves = [*_changed_sites(before, after), _Move(line.growth - _sum(after) + _sum(before), None)]
    return [move for move in moves if abs(move.amount) > _NEGLIGIBLE * line.growth]


def _sites(usage: MeterUsage | None) -> tuple[Site, ...]:
    """The places of `usage`; those of a profile that add up to more than was timed are scaled to it."""
    if usage is None:
        return ()
    whole = _sum(usage.sites)
    if not is_statistical(usage.meter) or whole <= usage.mean:
        return usage.sites
    factor = usage.mean / whole
    return tuple(replace(site, amount=trimmed(site.amount * factor), error=trimmed(site.error * factor)) for site in usage.sites)


def _changed_sites(before: Iterable[Site], after: Iterable[Site]) -> list[_Move]:
    """How much more each place of `after` consumes than its counterpart in `before`, and what is gone with places of `before`."""
    found: list[_Move] = []
    old, new = list(before), list(after)
    for key in _LEVELS:
        shared = {key(site) for site in old} & {key(site) for site in new} - {("",)}
        for one in sorted(shared):
            here, there = ([site for site in sites if key(site) == one] for sites in (new, old))
            found.append(_Move(_sum(here) - _sum(there), _largest(here), _error([*here, *there])))
        old, new = ([site for site in sites if key(site) not in shared] for sites in (old, new))
    gone = (_Move(-site.amount, site, site.error) for site in old)
    return [*found, *(_Move(site.amount, site, site.error) for site in new), *gone]


def _error(sites: Iterable[Site]) -> Decimal:
    """The standard error of a sum or difference of independent amounts."""
    return sum((site.error * site.error for site in sites), Decimal(0)).sqrt()


def _largest(sites: Iterable[Site]) -> Site:
    return min(sites, key=lambda site: (-site.amount, site.file, site.line))


def _sum(sites: Iterable[Site]) -> Decimal:
    return sum((site.amount for site in sites), Decimal(0))


def _cause(line: Line, move: _Move, requests_per_month: int | None) -> Cause:
    amount, site, cost = move.amount, move.site, None
    if line.head_cost is not None and line.head is not None:
        cost = trimmed(line.head_cost * amount / line.head.mean)
    is_gone = site is not None and amount < 0 and site in _sites(line.base) and site not in _sites(line.head)
    place = Location(site.file, site.line) if site and site.file else None
    return Cause(
        text=grown(line.meter, line.unit, amount) + _where(move, is_gone=is_gone),
        meter=line.meter,
        unit=line.unit,
        amount=amount,
        cost=cost,
        monthly=trimmed(cost * requests_per_month) if cost is not None and requests_per_month is not None else None,
        location=None if is_gone else place,
        code=site.code if site else "",
        advice=advice_for(line.meter) if amount > 0 and not move.is_rest else "",
    )


def _where(move: _Move, *, is_gone: bool) -> str:
    """Where it is, in words."""
    site = move.site
    if site is None:
        return " elsewhere" * move.is_rest
    place = f"at {Location(site.file, site.line)}" if site.file else f"in span {site.function}"
    return f" no longer {place}" if is_gone else f" {place}"

"""The cost map: dollars per request by file and line, as editors and linters show them beside the code.

The lines of a route and what of its cost has no line (`unplaced`) add up to its cost, to the last digit.

History of the schema:
- 1 (0.1.0): routes with cost and traffic, files with lines.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Context, Decimal
from enum import StrEnum

from codeops.core.cost import Caveat, unique
from codeops.core.snapshot import MeterUsage, PriceBookRef, RouteUsage, Site, Snapshot
from codeops.core.unit import EXACT

__all__ = ["COST_MAP_SCHEMA", "Certainty", "CostMap", "MappedLine", "MappedRoute", "chart"]

COST_MAP_SCHEMA = 1
"""The newest version of the schema."""

_SHORT = Context(prec=8)  # digits of a line's cost, as many as a snapshot has
_SAME = Decimal("1e-6")  # snapshots round amounts; lines that are this near to the whole are all of it


class Certainty(StrEnum):
    """How the amount of a line is known."""

    EXACT = "exact"
    """Counted, and the same in every request."""

    AVERAGED = "averaged"
    """Counted in every request, and not the same in each: the mean."""

    SAMPLED = "sampled"
    """Found by a profile, with an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedLine:
    """What one line of code consumes of one meter for one request of a route, and what that costs.

    `code` is the line as it was measured: where the file says something else now, the figures are of an older version.
    Units: `line` counts from 1; `amount` in `unit` per request, `error` its standard error; `cost` money per request, `monthly` money
    a month at the configured traffic. A cost is None where the meter has no price, a month also where no traffic is configured.
    """

    line: int
    route: str
    meter: str
    unit: str
    amount: Decimal
    cost: Decimal | None
    monthly: Decimal | None
    certainty: Certainty
    error: Decimal = Decimal(0)
    function: str = ""
    code: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedRoute:
    """One route or job: its cost, and how much of it stands at no line.

    Units: `cost` and `unplaced` money per request (per call of a job), None where nothing has a price; `monthly` money a month.
    `at_least` says that a meter without a price is left out.
    """

    kind: str
    cost: Decimal | None
    unplaced: Decimal | None
    monthly: Decimal | None
    requests_per_month: int | None
    at_least: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CostMap:
    """The lines by file, and the routes by name; paths are relative to the project's folder."""

    schema: int = COST_MAP_SCHEMA
    codeops: str = ""
    git_sha: str = ""
    dirty: bool = False
    created_at: str = ""
    pricebook: PriceBookRef | None = None
    routes: Mapping[str, MappedRoute] = field(default_factory=dict)
    files: Mapping[str, tuple[MappedLine, ...]] = field(default_factory=dict)
    caveats: tuple[Caveat, ...] = ()


def chart(snapshot: Snapshot, traffic: Mapping[str, int]) -> CostMap:
    """The map of a priced snapshot.

    Units: `traffic` is requests (calls of a job) a month by route.
    """
    routes: dict[str, MappedRoute] = {}
    files: dict[str, list[MappedLine]] = {}
    for name, route in sorted(snapshot.routes.items()):
        placed = Decimal(0)
        for usage in route.usage:
            for site, cost in zip(usage.sites, _shares(usage), strict=True):
                if site.file:
                    files.setdefault(site.file, []).append(_line(name, usage, site, cost, traffic.get(name)))
                    placed = EXACT.add(placed, cost or Decimal(0))
        routes[name] = _route(route, placed, traffic.get(name))
    meta = snapshot.meta
    return CostMap(
        codeops=meta.codeops,
        git_sha=meta.git_sha,
        dirty=meta.dirty,
        created_at=meta.created_at,
        pricebook=meta.pricebook,
        routes=routes,
        files={file: tuple(sorted(lines, key=_place)) for file, lines in sorted(files.items())},
        caveats=unique(_unpriced(usage.meter) for route in snapshot.routes.values() for usage in route.usage if usage.cost is None),
    )


def _shares(usage: MeterUsage) -> list[Decimal | None]:
    """What of the cost of `usage` falls to each of its sites; all of it where they consume all of the amount."""
    whole = usage.cost
    if whole is None or not usage.mean:
        return [whole and Decimal(0) for _ in usage.sites]
    shares = [_SHORT.divide(EXACT.multiply(whole, site.amount), usage.mean) for site in usage.sites]
    amount = _sum([site.amount for site in usage.sites])
    if shares and abs(amount - usage.mean) <= _SAME * usage.mean:
        largest = shares.index(max(shares))
        shares[largest] = EXACT.add(shares[largest], EXACT.subtract(whole, _sum(shares)))
    return list(shares)


def _line(name: str, usage: MeterUsage, site: Site, cost: Decimal | None, requests: int | None) -> MappedLine:
    return MappedLine(
        line=site.line,
        route=name,
        meter=usage.meter,
        unit=usage.unit,
        amount=site.amount,
        cost=cost,
        monthly=_monthly(cost, requests),
        certainty=Certainty.SAMPLED if site.error else Certainty.EXACT if usage.exact else Certainty.AVERAGED,
        error=site.error,
        function=site.function,
        code=site.code,
        labels=usage.labels,
    )


def _route(route: RouteUsage, placed: Decimal, requests: int | None) -> MappedRoute:
    known = [usage.cost for usage in route.usage if usage.cost is not None]
    cost = route.recorded_cost if route.is_simple else _sum(known) if known else None
    return MappedRoute(
        kind=route.kind,
        cost=cost,
        unplaced=None if cost is None else EXACT.subtract(cost, placed),
        monthly=_monthly(cost, requests),
        requests_per_month=requests,
        at_least=len(known) < len(route.usage),
    )


def _monthly(cost: Decimal | None, requests: int | None) -> Decimal | None:
    return None if cost is None or requests is None else EXACT.multiply(cost, Decimal(requests))


def _sum(amounts: list[Decimal]) -> Decimal:
    total = Decimal(0)
    for amount in amounts:
        total = EXACT.add(total, amount)
    return total


def _place(line: MappedLine) -> tuple[int, Decimal, str, str, list[tuple[str, str]]]:
    """By line, what costs most first."""
    return line.line, -(line.cost or Decimal(0)), line.route, line.meter, sorted(line.labels.items())


def _unpriced(meter: str) -> Caveat:
    return Caveat("unpriced", meter, f"{meter} has no price: its lines have an amount and no cost, and the routes that use it cost more")

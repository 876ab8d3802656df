"""What a snapshot costs: each measured usage priced, per request, with the caveats that go with it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from codeops.core.cost import Cost
from codeops.core.money import Quantity
from codeops.core.pricebook import PriceBook
from codeops.core.snapshot import MeterUsage, PriceBookRef, RouteUsage, Snapshot
from codeops.core.unit import Unit
from codeops.core.usage import Usage

__all__ = ["Valued", "reference", "value_meter", "value_route", "value_snapshot"]


@dataclass(frozen=True, slots=True)
class Valued:
    """A route with the cost of each meter filled in, and the whole cost of one request."""

    route: RouteUsage
    cost: Cost


def value_meter(usage: MeterUsage, book: PriceBook, labels: Mapping[str, str], at: date) -> Cost:
    """The cost of one request's use of one meter.

    Raises: AmbiguousPrice, UnitMismatch.
    """
    quantity = Quantity(usage.mean, Unit.parse(usage.unit))
    return book.price([Usage(usage.meter, quantity, {**labels, **usage.labels})], at)


def value_route(route: RouteUsage, book: PriceBook, labels: Mapping[str, str], at: date) -> Valued:
    """`route` at the prices of `book` on the day `at`; a route in the simple form keeps its recorded cost.

    Its cost stays None where nothing of it has a price: unknown is not zero.

    Raises: AmbiguousPrice, UnitMismatch.
    """
    total = Cost(currency=book.currency, caveats=())
    meters = []
    for usage in route.usage:
        cost = value_meter(usage, book, labels, at)
        total += cost
        meters.append(replace(usage, cost=cost.total.amount if cost.lines else None))
    if route.is_simple:
        return Valued(route, total)
    amount = total.total.amount if total.lines else None
    return Valued(
        replace(
            route,
            usage=tuple(meters),
            cost_usd=amount if book.currency == "USD" else None,
            cost=amount if book.currency != "USD" else None,
        ),
        total,
    )


def value_snapshot(snapshot: Snapshot, book: PriceBook, at: date) -> tuple[Snapshot, dict[str, Cost]]:
    """Every route of `snapshot` priced with its own labels, and the costs by route.

    Raises: AmbiguousPrice, UnitMismatch.
    """
    valued = {name: value_route(route, book, snapshot.meta.labels, at) for name, route in snapshot.routes.items()}
    priced = replace(
        snapshot,
        meta=replace(snapshot.meta, pricebook=reference(book)),
        routes={name: one.route for name, one in valued.items()},
    )
    return priced, {name: one.cost for name, one in valued.items()}


def reference(book: PriceBook) -> PriceBookRef:
    """How snapshots and reports name `book`."""
    return PriceBookRef(version=book.version, digest=book.digest, currency=book.currency)

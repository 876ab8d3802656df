"""What a snapshot costs: each measured usage priced, per request, with the caveats that go with it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Context, Decimal

from codeops.core.cost import Caveat, Cost, unique
from codeops.core.money import Quantity
from codeops.core.pricebook import PriceBook
from codeops.core.snapshot import MeterUsage, PriceBookRef, RouteUsage, Snapshot
from codeops.core.unit import Unit
from codeops.core.usage import Usage

__all__ = ["reference", "value_meter", "value_route", "value_snapshot"]


_STORED = Context(prec=8)
"""Costs in snapshots: eight significant digits, far finer than any price is known, and short enough for a diff."""


def value_meter(usage: MeterUsage, book: PriceBook, labels: Mapping[str, str], at: date) -> Cost:
    """The cost of one request's use of one meter.

    Raises: AmbiguousPrice, UnitMismatch.
    """
    quantity = Quantity(usage.mean, Unit.parse(usage.unit))
    cost = book.price([Usage(usage.meter, quantity, {**labels, **usage.labels})], at)
    if usage.allocated:
        text = f"{usage.meter}: an upper bound, all that the process held above its idle state"
        return replace(cost, caveats=unique((*cost.caveats, Caveat("allocated", usage.meter, text))))
    return cost


def value_route(route: RouteUsage, book: PriceBook, labels: Mapping[str, str], at: date) -> RouteUsage:
    """`route` with its costs of the day `at`, rounded for storage; the simple form and what has no price stay as they are.

    Raises: AmbiguousPrice, UnitMismatch.
    """
    if route.is_simple:
        return route
    costs = [value_meter(usage, book, labels, at) for usage in route.usage]
    known = [cost.total.amount for cost in costs if cost.lines]
    amount = _STORED.plus(sum(known, Decimal(0))) if known else None
    return replace(
        route,
        usage=tuple(
            replace(usage, cost=_STORED.plus(cost.total.amount) if cost.lines else None)
            for usage, cost in zip(route.usage, costs, strict=True)
        ),
        cost_usd=amount if book.currency == "USD" else None,
        cost=amount if book.currency != "USD" else None,
    )


def value_snapshot(snapshot: Snapshot, book: PriceBook, at: date) -> Snapshot:
    """Every route of `snapshot` priced with the snapshot's labels, as it is stored.

    Raises: AmbiguousPrice, UnitMismatch.
    """
    return replace(
        snapshot,
        meta=replace(snapshot.meta, pricebook=reference(book)),
        routes={name: value_route(route, book, snapshot.meta.labels, at) for name, route in snapshot.routes.items()},
    )


def reference(book: PriceBook) -> PriceBookRef:
    """How snapshots and reports name `book`."""
    return PriceBookRef(version=book.version, digest=book.digest, currency=book.currency)

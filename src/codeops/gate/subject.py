"""Subjects: one route or job with both of its sides, and what each side costs per request."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from codeops.core.cost import Caveat, unique
from codeops.core.errors import CurrencyMismatch
from codeops.core.report import Change
from codeops.core.snapshot import RouteUsage, Snapshot
from codeops.gate import wording
from codeops.gate.case import Case
from codeops.gate.lines import Line, Sheet, match, summary

__all__ = ["Subject", "subject_of"]

_NOTICEABLE = Decimal("0.01")  # a recorded cost that differs by more from its usage at today's prices is told


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One route or job: its lines, and what one request costs on each side.

    Units: `base_cost`, `head_cost` money per request, None where the side is absent or nothing of it has a price.
    `is_recorded` says that they are the figures of the snapshots, because a side holds no usage but a summary. `doubt` says why the
    base, which has the route, cannot be compared with.
    """

    name: str
    base: RouteUsage | None
    head: RouteUsage | None
    lines: tuple[Line, ...]
    base_cost: Decimal | None
    head_cost: Decimal | None
    is_recorded: bool
    caveats: tuple[Caveat, ...]
    doubt: str = ""

    @property
    def measured(self) -> RouteUsage:
        """The head's measurement, or the base's when the route is gone."""
        side = self.head or self.base
        if side is None:
            raise AssertionError(self.name)
        return side

    @property
    def change(self) -> Change:
        """How the route stands between base and head; a base in doubt has it."""
        if self.doubt and self.head is not None:
            return Change.COMPARED
        if self.base is None:
            return Change.NEW
        if self.head is None:
            return Change.GONE
        return Change.ZERO_BASE if self.base_cost == 0 and self.head_cost else Change.COMPARED

    @property
    def at_least(self) -> bool:
        """Whether a meter has no price, so that the figures are lower bounds."""
        return not self.is_recorded and any(caveat.kind == "unpriced" for caveat in self.caveats)


def subject_of(name: str, case: Case) -> Subject:
    """The route `name` with both sides priced by the case's price book.

    Raises: AmbiguousPrice, UnitMismatch, UnknownUnit; CurrencyMismatch for a cost recorded in another currency.
    """
    base = case.base.routes.get(name) if case.base else None
    head = case.head.routes.get(name)
    is_recorded = any(side is not None and side.is_simple for side in (base, head))
    before = replace(_sheet(base, case.base, is_recorded), book=case.base_book)
    lines, caveats = match(before, _sheet(head, case.head, is_recorded), case.book, case.at)
    base_cost = _total(line.base_cost for line in lines)
    head_cost = _total(line.head_cost for line in lines)
    if is_recorded:
        base_cost, base_said = _recorded(name, "baseline", base, case.base, case)
        head_cost, head_said = _recorded(name, "current snapshot", head, case.head, case)
        caveats = (*base_said, *head_said, *_mixed(name, base, head))
    return Subject(
        name=name,
        base=base,
        head=head,
        lines=lines,
        base_cost=base_cost,
        head_cost=head_cost,
        is_recorded=is_recorded,
        caveats=unique(caveats),
        doubt=case.evidence.doubts.get(name, ""),
    )


def _sheet(route: RouteUsage | None, snapshot: Snapshot | None, is_recorded: bool) -> Sheet:
    if route is None or snapshot is None:
        return Sheet()
    if is_recorded:
        return Sheet(summary(route), snapshot.meta.labels)
    return Sheet(route.usage, snapshot.meta.labels, _currency(route, snapshot))


def _currency(route: RouteUsage, snapshot: Snapshot) -> str:
    """The currency in which the costs of `route` were recorded; empty when its snapshot does not say."""
    if route.cost_usd is not None:
        return "USD"
    return snapshot.meta.pricebook.currency if snapshot.meta.pricebook else ""


def _total(costs: Iterable[Decimal | None]) -> Decimal | None:
    """The sum of what has a price, None when nothing has one."""
    known = [cost for cost in costs if cost is not None]
    return sum(known, Decimal(0)) if known else None


def _recorded(
    name: str, side: str, route: RouteUsage | None, snapshot: Snapshot | None, case: Case
) -> tuple[Decimal | None, tuple[Caveat, ...]]:
    """The cost that a snapshot recorded for one request, and what is to be said about it."""
    if route is None or snapshot is None:
        return None, ()
    lines, _ = match(Sheet(), Sheet(route.usage or summary(route), snapshot.meta.labels), case.book, case.at)
    repriced = _total(line.head_cost for line in lines)
    cost, currency = route.recorded_cost, _currency(route, snapshot) or case.book.currency
    if cost is None:
        text = f"the {side} records no cost for {name}; its usage at price book {case.book.version} stands in"
        return repriced, (Caveat("recorded-missing", name, text),)
    if currency != case.book.currency:
        raise CurrencyMismatch(
            f"the cost of {name} is recorded in {currency}, the price book is in {case.book.currency}",
            why=f"the {side} holds a recorded cost only, and amounts in two currencies cannot be compared",
            fix=f"measure again with codeops bench, or use a price book in {currency}",
        )
    if not route.is_simple or repriced is None or abs(repriced - cost) <= _NOTICEABLE * abs(cost):
        return cost, ()
    said, now = wording.thousands(cost, repriced, currency)
    text = (
        f"the {side} records {said} per 1,000 for {name}, its usage fields at price book {case.book.version} give {now}; "
        "the recorded cost is compared"
    )
    return cost, (Caveat("recorded-differs", name, text),)


def _mixed(name: str, base: RouteUsage | None, head: RouteUsage | None) -> tuple[Caveat, ...]:
    """What is to be said where one side holds a summary and the other its full usage."""
    if base is None or head is None or base.is_simple == head.is_simple:
        return ()
    side = "baseline" if base.is_simple else "current snapshot"
    text = f"the {side} holds only a summary of {name}: costs are compared as they were recorded, CPU included"
    return (Caveat("simple-form", name, text),)

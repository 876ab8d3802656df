"""Totals: what all ended spans consumed, in a bounded number of rows."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from codeops.core.attribute import COST_UNIT, COST_UNITS, OTHER, TENANT
from codeops.core.meter import CHILD_CPU, CPU, unit_of
from codeops.instrument.owner import Own, Part, Tree
from codeops.instrument.rates import Line, Rates

__all__ = ["Row", "Sum", "Totals", "add_units", "open_sums", "summed", "take"]

_MOST_METERS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What all spans of one name consumed under one set of labels since `instrument()`, or what a bucket of the ledger holds.

    Units: `usage` by meter in the meter's unit, `compute.cpu` being own CPU in seconds, late CPU included;
    `late_s` is how much of it came after the end of the span. `cost` is in the currency of the price book, a lower
    bound where `unpriced` names meters, None without a price book. `count` is the number of spans that ended,
    `requests` how many of them were local roots, `units` what jobs worked through, in `unit`.
    `root` is the name of the local root that the spans belong to.
    `measured_in` is the unit of each meter of `usage`.
    `allocation` says how `compute.memory` was shared: `fitted` to what requests hold, or `equal`, or both at times.
    """

    name: str
    labels: dict[str, str] = field(default_factory=dict)
    usage: dict[str, float] = field(default_factory=dict)
    count: int = 0
    late_s: float = 0.0
    cost: float | None = None
    unpriced: tuple[str, ...] = ()
    root: str = ""
    requests: int = 0
    unit: str = ""
    units: float = 0.0
    allocation: tuple[str, ...] = ()
    measured_in: dict[str, str] = field(default_factory=dict)


class Sum:
    """A row in the making: `account` holds its CPU, `lines` sums by meter and unit, `cost` by meter."""

    __slots__ = ("account", "allocations", "cost", "count", "labels", "lines", "name", "requests", "root", "unit", "units", "unpriced")

    def __init__(self, root: str, name: str, labels: tuple[tuple[str, str], ...], account: Any) -> None:
        self.root, self.name, self.labels, self.account = root, name, labels, account
        self.count = self.requests = 0
        self.lines: dict[tuple[str, str], float] = {}
        self.cost: dict[str, float] = {}
        self.unpriced: set[str] = set()
        self.unit, self.units = "", 0.0
        self.allocations: set[str] = set()

    def add(self, lines: dict[Line, float], rates: Rates | None) -> None:
        """Takes amounts by line, and their cost."""
        for line, amount in lines.items():
            meter, unit, _ = line
            if (meter, unit) not in self.lines and len(self.lines) >= _MOST_METERS:
                meter = OTHER
            self.lines[meter, unit] = self.lines.get((meter, unit), 0) + amount
            rate = rates.of(line) if rates else None
            if rate is not None:
                self.cost[meter] = self.cost.get(meter, 0.0) + rate * amount
            elif amount:
                self.unpriced.add(meter)


class Totals:
    """Rows by root, name and labels; past `most` of them first the tenant and then everything else becomes `other`."""

    def __init__(self, account: type, most: int = 2000) -> None:
        self._account, self._most = account, most
        self._sums: dict[tuple[str, str, tuple[tuple[str, str], ...]], Sum] = {}

    def __iter__(self) -> Iterator[Sum]:
        return iter(list(self._sums.values()))

    def __len__(self) -> int:
        return len(self._sums)

    def sum(self, root: str, name: str, labels: tuple[tuple[str, str], ...]) -> Sum:
        """The row for these, which is perhaps one of the coarser ones. `labels` are sorted."""
        found = self._sums.get((root, name, labels))
        if found is not None:
            return found
        if len(self._sums) < self._most:
            return self._made(root, name, labels)
        coarse = tuple((label, OTHER if label == TENANT else value) for label, value in labels)
        found = self._sums.get((root, name, coarse))
        if found is not None:
            return found
        if len(self._sums) < self._most + self._most // 4:
            return self._made(root, name, coarse)
        return self._sums.get((OTHER, OTHER, ())) or self._made(OTHER, OTHER, ())

    def _made(self, root: str, name: str, labels: tuple[tuple[str, str], ...]) -> Sum:
        made = self._sums[root, name, labels] = Sum(root, name, labels, self._account())
        return made


def take(part: Part, into: Sum, rates: Rates | None) -> None:
    """Moves what a part holds into a row; what its spans still consume goes there later by itself."""
    part.account.end(into.account)
    into.count += part.count
    into.requests += part.requests
    if part.unit:
        into.unit = part.unit
        into.units += part.units
    if part.lines:
        into.add(part.lines, rates)


def open_sums(owners: list[Any], rates: Rates | None) -> list[Sum]:
    """What is not in the totals: spans that are open, and those that have ended in a tree that goes on."""
    found = [_twin(owner.tree, owner.name, owner.own, owner, rates) for owner in owners]
    for tree in {id(owner.tree): owner.tree for owner in owners}.values():
        for (name, own), part in tree.parts.items():
            twin = _twin(tree, name, own, part, rates)
            twin.account = part.account
            twin.count, twin.requests, twin.unit, twin.units = part.count, part.requests, part.unit, part.units
            found.append(twin)
    return found


def _twin(tree: Tree, name: str, own: Own, of: Any, rates: Rates | None) -> Sum:
    twin = Sum(tree.name, name, tree.key(own), of)
    twin.add(of.lines or {}, rates)
    return twin


def summed(sums: Iterable[Sum], rates: Rates | None) -> list[Row]:
    """One row for each root, name and labels; rows without anything in them are left out."""
    groups: dict[tuple[str, str, tuple[tuple[str, str], ...]], list[Sum]] = {}
    for one in sums:
        groups.setdefault((one.root, one.name, one.labels), []).append(one)
    rows = [_row(group, rates) for group in groups.values()]
    return [row for row in rows if row.count or row.usage]


def _row(group: list[Sum], rates: Rates | None) -> Row:
    first = group[0]
    usage: dict[str, float] = {}
    measured_in: dict[str, str] = {}
    cost, unpriced = 0.0, set[str]()
    for one in group:
        for (meter, unit), amount in one.lines.items():
            usage[meter] = usage.get(meter, 0) + amount
            measured_in[meter] = unit
        cost += sum(one.cost.values())
        unpriced |= one.unpriced
    own_ns = sum(one.account.self_ns + one.account.late_ns for one in group)
    children_ns = sum(one.account.children_ns for one in group)
    for meter, ns in ((CPU, own_ns), (CHILD_CPU, children_ns)):
        if ns:
            usage[meter] = usage.get(meter, 0) + ns * 1e-9
            measured_in[meter] = unit_of(meter)
            if rates is not None and rates.cpu_ns is not None:
                cost += ns * rates.cpu_ns
            else:
                unpriced.add(meter)
    return Row(
        name=first.name,
        root=first.root,
        labels=dict(first.labels),
        usage=usage,
        count=sum(one.count for one in group),
        requests=sum(one.requests for one in group),
        late_s=sum(one.account.late_ns for one in group) * 1e-9,
        cost=cost if rates is not None else None,
        unpriced=tuple(sorted(unpriced)) if rates is not None else (),
        unit=next((one.unit for one in group if one.unit), ""),
        units=sum(one.units for one in group),
        measured_in=measured_in,
        allocation=tuple(sorted({allocation for one in group for allocation in one.allocations})),
    )


def add_units(into: Part | Sum, given: Mapping[str, Any]) -> None:
    """What a job worked through."""
    units = given.get(COST_UNITS)
    if isinstance(units, int | float):
        into.unit = str(given.get(COST_UNIT, ""))
        into.units += units

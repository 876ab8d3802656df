"""Totals: what all ended spans consumed, in a bounded number of rows."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from codeops.core.attribute import COST_UNIT, COST_UNITS, OTHER, TENANT
from codeops.instrument.owner import Own, Part, Tree
from codeops.instrument.rates import CHILD_LINE, CPU_LINE, Line, Rates

__all__ = ["Row", "Sum", "Totals", "add_units", "open_sums", "summed", "take"]


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


class Sum(Part):
    """A row in the making.

    `fixed` is what of it was priced before prices changed: cost in currency units, meters without a price, and the
    amounts that this was for. What came since is priced when the row is read.
    """

    __slots__ = ("allocations", "fixed", "labels", "name", "root")

    def __init__(self, root: str, name: str, labels: Own, account: Any) -> None:
        super().__init__(account)
        self.root, self.name, self.labels = root, name, labels
        self.allocations: set[str] = set()
        self.fixed: tuple[float, frozenset[str], dict[Line, float]] = (0.0, frozenset(), {})

    def amounts(self) -> dict[Line, float]:
        """Everything it holds by line, CPU included."""
        found: dict[Line, float] = dict(self.lines or {})
        account = self.account
        for line, ns in ((CPU_LINE, account.self_ns + account.late_ns), (CHILD_LINE, account.children_ns)):
            if ns:
                found[line] = found.get(line, 0) + ns * 1e-9
        return found

    def priced(self, rates: Rates) -> tuple[float, frozenset[str]]:
        """What it costs, and the meters of it that have no price."""
        cost, unpriced, before = self.fixed
        more, missing = rates.price({line: amount - before.get(line, 0) for line, amount in self.amounts().items()})
        return cost + more, unpriced | missing

    def fix(self, rates: Rates) -> None:
        """Prices what it holds, because prices change: what was consumed before costs what it cost then."""
        cost, unpriced = self.priced(rates)
        self.fixed = cost, unpriced, self.amounts()


class Totals:
    """Rows by root, name and labels; past `most` of them first the tenant and then everything else becomes `other`."""

    def __init__(self, account: type, most: int = 2000) -> None:
        self._account, self._most = account, most
        self.made: dict[tuple[str, str, tuple[tuple[str, str], ...]], Sum] = {}
        """The rows that there are, for who looks one up without a call."""

    def __iter__(self) -> Iterator[Sum]:
        return iter(list(self.made.values()))

    def __len__(self) -> int:
        return len(self.made)

    def sum(self, root: str, name: str, labels: tuple[tuple[str, str], ...]) -> Sum:
        """The row for these, which is perhaps one of the coarser ones. `labels` are sorted."""
        found = self.made.get((root, name, labels))
        if found is not None:
            return found
        if len(self.made) < self._most:
            return self._made(root, name, labels)
        coarse = tuple((label, OTHER if label == TENANT else value) for label, value in labels)
        found = self.made.get((root, name, coarse))
        if found is not None:
            return found
        if len(self.made) < self._most + self._most // 4:
            return self._made(root, name, coarse)
        return self.made.get((OTHER, OTHER, ())) or self._made(OTHER, OTHER, ())

    def _made(self, root: str, name: str, labels: tuple[tuple[str, str], ...]) -> Sum:
        made = self.made[root, name, labels] = Sum(root, name, labels, self._account())
        return made


def take(part: Part, into: Part) -> None:
    """Moves what a part holds into a row; what its spans still consume goes there later by itself."""
    part.account.end(into.account)
    into.count += part.count
    into.requests += part.requests
    if part.unit:
        into.unit = part.unit
        into.units += part.units
    if part.lines:
        into.add(part.lines)


def open_sums(owners: list[Any]) -> list[Sum]:
    """What is not in the totals: spans that are open, and those that have ended in a tree that goes on."""
    found = [_twin(owner.tree, owner.name, owner.own, owner, owner.lines) for owner in owners]
    for tree in {id(owner.tree): owner.tree for owner in owners}.values():
        for (name, own), part in tree.parts.items():
            twin = _twin(tree, name, own, part.account, part.lines)
            twin.count, twin.requests, twin.unit, twin.units = part.count, part.requests, part.unit, part.units
            found.append(twin)
    return found


def _twin(tree: Tree, name: str, own: Own, account: Any, lines: dict[Line, float] | None) -> Sum:
    twin = Sum(tree.name, name, tree.key(own), account)
    twin.lines = lines
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
    for one in group:
        for (meter, unit, _), amount in one.amounts().items():
            usage[meter] = usage.get(meter, 0) + amount
            measured_in[meter] = unit
    priced = [one.priced(rates) for one in group] if rates is not None else []
    return Row(
        name=first.name,
        root=first.root,
        labels=dict(first.labels),
        usage=usage,
        count=sum(one.count for one in group),
        requests=sum(one.requests for one in group),
        late_s=sum(one.account.late_ns for one in group) * 1e-9,
        cost=sum(cost for cost, _ in priced) if rates is not None else None,
        unpriced=tuple(sorted(frozenset().union(*(unpriced for _, unpriced in priced)))),
        unit=next((one.unit for one in group if one.unit), ""),
        units=sum(one.units for one in group),
        measured_in=measured_in,
        allocation=tuple(sorted({allocation for one in group for allocation in one.allocations})),
    )


def add_units(into: Part, given: Mapping[str, Any]) -> None:
    """What a job worked through."""
    units = given.get(COST_UNITS)
    if isinstance(units, int | float):
        into.unit = str(given.get(COST_UNIT, ""))
        into.units += units

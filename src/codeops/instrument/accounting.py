"""The accounting of this process: an owner for each span that starts, its attributes and its place in the totals when it ends."""

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from codeops.core.attribute import (
    CACHE_HIT,
    COST_REQUEST,
    COST_REQUEST_NANO,
    COST_SELF,
    COST_UNIT,
    COST_UNITS,
    COST_UNPRICED,
    FLAG_KEY,
    FLAG_VARIANT,
    MISSING,
    ROUTE,
    TENANT,
    USAGE,
)
from codeops.core.meter import CHILD_CPU, CPU, MEMORY
from codeops.instrument import model
from codeops.instrument.ledger import OWNER
from codeops.instrument.ledger.books import Balance, Books
from codeops.instrument.owner import Own, Part, Tree, owner_type
from codeops.instrument.rates import CPU_LINE, Line, Rates
from codeops.instrument.totals import Row, Sum, Totals, summed

__all__ = ["READ", "Accounting"]

READ = frozenset({CACHE_HIT, TENANT, ROUTE, *model.READ})
"""Attributes of a span that are read when it ends: labels that the user or another instrumentation put there."""

_CPU_ATTRIBUTE = USAGE + CPU
_CHILD_LINE: Line = (CHILD_CPU, "vCPU.s", ())
_MEMORY_LINE: Line = (MEMORY, "GiB.s", ())
_MEMORY_BUCKETS = {"unattributed.idle": "idle_gib_s", "unattributed.retained": "retained_gib_s"}
_MOST_PARTS = 64
_NO_SPAN = "(no span)"
_UNENDED = "(unended)"


class Accounting:
    """Owners, trees and totals on the books of one ledger.

    `books` is None where CPU is not kept; `rates` is None without a price book; `memory` meters the roots' memory.
    It is the recorder's sink. `tenant` names the tenant of the request that begins, `is_tenant_required` labels those without one.
    """

    def __init__(
        self,
        keeper: Any,
        books: Books | None,
        rates: Rates | None,
        *,
        memory: Any = None,
        tenant: Callable[[], str | None] = lambda: None,
        is_tenant_required: bool = False,
        most_rows: int = 2000,
    ) -> None:
        self.root: None = None
        self.keeper, self.books, self.rates, self.memory = keeper, books, rates, memory
        self._tenant, self._is_tenant_required, self._most_rows = tenant, is_tenant_required, most_rows
        self.owner = owner_type(keeper.Account)
        self.epoch = 0
        self._begin_anew()

    def _begin_anew(self) -> None:
        # Reentrant: a finalizer or a signal handler may end a span while another one is being ended.
        self.lock = threading.RLock()
        self._lost: list[Part] = []
        self.totals = Totals(self.keeper.Account, self._most_rows)
        self._outside = self.totals.sum(_NO_SPAN, _NO_SPAN, ())

    def forked(self) -> None:
        """In the child after a fork: what the parent consumed, and its spans, are the parent's."""
        self.epoch += 1
        self._begin_anew()
        if self.books is not None:
            self.books.forked()
        if self.memory is not None:
            self.memory.forked()
        self.keeper.enter(None)

    def begin(self, name: str, parent: Any, *, is_root: bool, labels: dict[str, str] | None = None) -> Any:
        """The owner of a span that starts below the span of the owner `parent`, if that is known.

        `labels` hold for the span and all below it; those of a root label the whole tree.
        """
        if parent is None or is_root:
            tree = Tree(name, self.epoch, {} if parent is None else dict(parent.tree.labels), self._lost)
            if labels:
                for label, value in labels.items():
                    tree.label(label, value)
            tenant = self._tenant()
            if tenant:
                tree.label(TENANT, tenant)
            if self.memory is not None:
                tree.memory = self.memory.begin(name)
            owner = self.owner(name, tree, (), True)
        else:
            own: Own = parent.own
            if labels:
                own = tuple(sorted({**dict(own), **labels}.items()))
            owner = self.owner(name, parent.tree, own, False)
        self.keeper.set_drop(owner)
        return owner

    def relabel(self, owner: Any, labels: Mapping[str, str]) -> None:
        """Labels a span that has begun, and all that begin below it later; by a local root the whole tree."""
        if owner is None or owner.tree.epoch != self.epoch:
            return
        if owner.is_root:
            for name, value in labels.items():
                owner.tree.label(name, value)
        else:
            owner.own = tuple(sorted({**dict(owner.own), **labels}.items()))

    def add(self, line: Line, amount: float) -> None:
        """Counts for the owner of this context; outside of any span for the row of no span."""
        owner = OWNER.get()
        with self.lock:
            if owner is None or owner.tree.epoch != self.epoch:
                self._outside.add({line: amount}, self.rates)
            elif owner.is_ended:
                self._sum_of(owner, owner.name).add({line: amount}, self.rates)
            else:
                lines = owner.lines
                if lines is None:
                    lines = owner.lines = {}
                lines[line] = lines.get(line, 0) + amount

    def finish(self, owner: Any, name: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """Ends an owner; the attributes for its span, which is called `name` and has the attributes `given` now."""
        tree: Tree = owner.tree
        if owner.is_ended or tree.epoch != self.epoch:
            return {}
        own_ns = self.keeper.finish(owner)
        if not READ.isdisjoint(given):
            self._read(owner, given)
        if owner.is_root and tree.memory is not None:
            self._finish_memory(owner)
        lines = owner.lines
        if owner.drained is not None or owner.children_ns:
            own_ns, lines = _whole(owner, own_ns)
        attributes: dict[str, Any] = {}
        cost = 0.0
        if own_ns:
            attributes[_CPU_ATTRIBUTE] = own_ns * 1e-9
            cost = self._cpu_cost(own_ns, tree)
        if lines:
            cost += self._price(lines, attributes, tree)
        if self.rates is not None and (own_ns or lines):
            attributes[COST_SELF] = cost
        with self.lock:
            part = self._put_away(owner, name, cost)
            if COST_UNITS in given:
                part.unit = str(given.get(COST_UNIT, ""))
                part.units += given[COST_UNITS]
        if owner.is_root:
            self._finish_root(tree, name, attributes)
        tenant = tree.labels.get(TENANT)
        if tenant is not None:
            attributes[TENANT] = tenant
        if tree.is_ended:
            with self.lock:
                self._flush(tree)
        return attributes

    def _cpu_cost(self, own_ns: int, tree: Tree) -> float:
        if self.rates is None:
            return 0.0
        rate = self.rates.cpu_ns
        if rate is None:
            _note_unpriced(tree, CPU)
            return 0.0
        return own_ns * rate

    def _price(self, lines: dict[Line, float], attributes: dict[str, Any], tree: Tree) -> float:
        """Writes usage by meter into `attributes`; what the lines cost."""
        cost, rates, unpriced = 0.0, self.rates, set()
        for line, amount in lines.items():
            if not amount:
                continue
            key = USAGE + line[0]
            attributes[key] = attributes.get(key, 0) + amount
            rate = rates.of(line) if rates is not None else None
            if rate is not None:
                cost += rate * amount
            elif rates is not None:
                unpriced.add(line[0])
        if unpriced:
            attributes[COST_UNPRICED] = ",".join(sorted(unpriced))
            for meter in unpriced:
                _note_unpriced(tree, meter)
        if rates is not None and any(line[0].startswith("llm.") for line in lines):
            attributes.update(model.aliases(lines, rates))
        return cost

    def _finish_root(self, tree: Tree, name: str, attributes: dict[str, Any]) -> None:
        tree.is_ended = True
        tree.name = name
        if self._is_tenant_required and TENANT not in tree.labels:
            tree.labels[TENANT] = MISSING
        hit = tree.labels.get(CACHE_HIT)
        if hit is not None:
            attributes[CACHE_HIT] = hit
        if tree.flags:
            flags = sorted(tree.flags.items())
            tree.labels[FLAG_KEY] = attributes[FLAG_KEY] = ",".join(flag for flag, _ in flags)
            tree.labels[FLAG_VARIANT] = attributes[FLAG_VARIANT] = ",".join(variant for _, variant in flags)
        if self.rates is not None:
            attributes[COST_REQUEST] = tree.cost
            attributes[COST_REQUEST_NANO] = round(tree.cost * 1e9)
            if tree.unpriced:
                attributes[COST_UNPRICED] = ",".join(sorted(tree.unpriced))

    def _finish_memory(self, owner: Any) -> None:
        share = self.memory.end(owner.tree.memory)
        owner.tree.memory = None
        gib_s = share[0] if share is not None else 0.0
        if gib_s:
            lines = owner.lines
            if lines is None:
                lines = owner.lines = {}
            lines[_MEMORY_LINE] = lines.get(_MEMORY_LINE, 0) + gib_s

    def _read(self, owner: Any, given: Mapping[str, Any]) -> None:
        """Labels and tokens that stand on the span already."""
        tree: Tree = owner.tree
        for name in (CACHE_HIT, TENANT):
            value = given.get(name)
            if value is not None:
                tree.label(name, str(value).lower() if isinstance(value, bool) else str(value))
        if owner.is_root and ROUTE in given:
            tree.label(ROUTE, str(given[ROUTE]))
        tokens = model.lines(given)
        if tokens and not any(line[0].startswith("llm.") for line in owner.lines or ()):
            owner.lines = {**(owner.lines or {}), **tokens}  # else a client's hook has counted them

    def _put_away(self, owner: Any, name: str, cost: float) -> Part:
        tree: Tree = owner.tree
        key = (name, owner.own)
        part = tree.parts.get(key)
        if part is None:
            if len(tree.parts) >= _MOST_PARTS:
                key = ("other", ())
            part = tree.parts.get(key) or tree.parts.setdefault(key, Part(self.keeper.Account()))
            self.keeper.set_drop(part.account)
        part.count += 1
        if owner.is_root:
            part.requests += 1
        owner.end(part.account)
        if owner.lines:
            part.add(owner.lines)
        tree.cost += cost
        return part

    def _flush(self, tree: Tree) -> None:
        """Moves the ended spans of a tree into the totals, under its labels of now."""
        labels = tuple(sorted(tree.labels.items()))
        for (name, own), part in tree.parts.items():
            mine = tuple(sorted({**tree.labels, **dict(own)}.items())) if own else labels
            self.totals.take(part, self.totals.sum(tree.name, name, mine), self.rates)
        tree.parts.clear()

    def _sum_of(self, owner: Any, name: str) -> Sum:
        tree: Tree = owner.tree
        return self.totals.sum(tree.name, name, tuple(sorted({**tree.labels, **dict(owner.own)}.items())))

    def label(self, name: str, value: str) -> None:
        """Labels the request of this context; the last one wins."""
        owner = OWNER.get()
        if owner is not None and owner.tree.epoch == self.epoch:
            owner.tree.label(name, value)

    def lookup(self, hit: bool) -> None:
        """A cache was asked: the label stays true as long as every look-up hit."""
        owner = OWNER.get()
        if owner is not None and not (hit and owner.tree.labels.get(CACHE_HIT) == "false"):
            owner.tree.label(CACHE_HIT, "true" if hit else "false")

    def evaluated(self, flag: str, variant: str) -> None:
        """A feature flag was evaluated for the request of this context."""
        owner = OWNER.get()
        if owner is not None:
            owner.tree.evaluated(flag, variant)

    def settle(self, *, drain: bool = False) -> None:
        """Brings the totals up to date; `drain` also puts in what spans consumed that were open at the last time."""
        with self.lock:
            if self.books is not None:
                self.books.settle()
            for owner in self._open():
                if owner.tree.parts:
                    self._flush(owner.tree)
                if drain:
                    if owner.is_seen:
                        self._drain(owner)
                    owner.is_seen = True
            while self._lost:
                self.totals.take(self._lost.pop(), self.totals.sum(_UNENDED, _UNENDED, ()), self.rates)
            while self.keeper.lost:
                self.totals.sum(_UNENDED, _UNENDED, ()).add(self.keeper.lost.pop(), self.rates)

    def balance(self) -> Balance | None:
        """Whether all CPU is accounted for, as of the last `settle`; None where CPU is not kept."""
        if self.books is None:
            return None
        accounts = [total.account for total in self.totals] + self._open()
        return self.books.balance(
            sum(account.self_ns + account.late_ns for account in accounts), sum(account.children_ns for account in accounts)
        )

    def rows(self) -> list[Row]:
        """Everything up to now, spans that are still open included, and the ledger's buckets; sorted by name."""
        with self.lock:
            self.settle()
            open_sums = [self._sum_of_open(owner) for owner in self._open()]
            balance = self.balance()
            found = summed([*self.totals, *open_sums], self.rates)
            found += self._buckets(balance)
        return sorted(found, key=lambda row: (row.name, row.root, sorted(row.labels.items())))

    def report(self) -> list[Row]:
        """What has ended, what long spans consumed so far, and the buckets: amounts that only grow, for counters."""
        with self.lock:
            self.settle(drain=True)
            return summed(self.totals, self.rates) + self._buckets(self.balance())

    def _buckets(self, balance: Balance | None) -> list[Row]:
        held = self.memory.totals() if self.memory is not None else {}
        amounts: list[tuple[str, Line, float]] = [(name, _MEMORY_LINE, held[key]) for name, key in _MEMORY_BUCKETS.items() if key in held]
        amounts += [(name, CPU_LINE, ns * 1e-9) for name, ns in balance.buckets_ns.items()] if balance is not None else []
        rates = [self.rates.of(line) if self.rates else None for _, line, _ in amounts]
        return [
            Row(name=name, usage={line[0]: amount}, cost=amount * rate if rate is not None else None)
            for (name, line, amount), rate in zip(amounts, rates, strict=True)
        ]

    def _open(self) -> list[Any]:
        return [account for account in self.keeper.open_accounts() if isinstance(account, self.owner) and account.tree.epoch == self.epoch]

    def _sum_of_open(self, owner: Any) -> Sum:
        twin = Sum(owner.tree.name, owner.name, tuple(sorted({**owner.tree.labels, **dict(owner.own)}.items())), owner)
        twin.add(owner.lines or {}, self.rates)
        return twin

    def _drain(self, owner: Any) -> None:
        into = self._sum_of(owner, owner.name)
        owner.drained_ns += owner.self_ns
        owner.move(into.account)
        drained = owner.drained or {}
        if owner.lines:
            into.add(owner.lines, self.rates)
            for line, amount in owner.lines.items():
                drained[line] = drained.get(line, 0) + amount
            owner.lines = None
        owner.drained = drained


def _whole(owner: Any, own_ns: int) -> tuple[int, dict[Line, float] | None]:
    """CPU and lines of a span from its start to its end, its children's CPU included."""
    lines: dict[Line, float] = dict(owner.drained or {})
    for line, amount in (owner.lines or {}).items():
        lines[line] = lines.get(line, 0) + amount
    if owner.children_ns:
        lines[_CHILD_LINE] = owner.children_ns * 1e-9
    return own_ns + owner.drained_ns, lines


def _note_unpriced(tree: Tree, meter: str) -> None:
    if tree.unpriced is None:
        tree.unpriced = set()
    tree.unpriced.add(meter)

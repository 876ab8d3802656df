"""The accounting of this process: an owner for each span that starts, its attributes and its place in the totals when it ends."""

import itertools
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from codeops.core.attribute import CACHE_HIT, COST_SELF, OTHER, TENANT, USAGE
from codeops.core.meter import CPU
from codeops.instrument.buckets import in_buckets
from codeops.instrument.ending import READ, add_request, conclude, price_cpu, price_lines, read, whole
from codeops.instrument.ledger import OWNER
from codeops.instrument.ledger.books import Balance, Books
from codeops.instrument.lost import Lost
from codeops.instrument.model import are_tokens, note
from codeops.instrument.owner import Own, Part, Tree, count_into, drain_into, owner_type
from codeops.instrument.rates import Line, Rates
from codeops.instrument.totals import Row, Sum, Totals, add_units, open_sums, summed, take
from codeops.instrument.turns import Turns

__all__ = ["Accounting"]

_CPU_ATTRIBUTE = USAGE + CPU
_EPOCHS = itertools.count()
"""One for each accounting, and one more in the child after a fork: spans of other epochs are nobody's."""
_MOST_PARTS = 64
_NO_SPAN = "(no span)"
_UNENDED = "(unended)"


class Accounting:
    """Owners, trees and totals on the books of one ledger.

    `books` is None where CPU is not kept; `rates` is None without a price book; `memory` meters the roots' memory.
    `tenant` names the tenant of the request that begins, `is_tenant_required` labels those without one.
    It is the recorder's sink. `on_change` is called when prices, lock or epoch are others than before.
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
        self.tenant, self.is_tenant_required, self._most_rows = tenant, is_tenant_required, most_rows
        self.owner = owner_type(keeper)
        self._finish_cpu = keeper.finish
        self.on_change: Callable[[], None] = lambda: None
        self.epoch = next(_EPOCHS)
        self._begin_anew()

    def _begin_anew(self) -> None:
        self.turns = Turns()
        self.lost = Lost(self.keeper.lost, self.memory)
        self._tokens: dict[Line, float] = {}
        self.totals, self._buckets = Totals(self.keeper.Account, self._most_rows), Totals(self.keeper.Account)
        self._outside = self.totals.sum(_NO_SPAN, _NO_SPAN, ())
        self._unended = self.totals.sum(_UNENDED, _UNENDED, ())

    def forked(self) -> None:
        """In the child after a fork: what the parent consumed, and its spans, are the parent's."""
        self.epoch = next(_EPOCHS)
        self._begin_anew()
        self.on_change()
        if self.books is not None:
            self.books.forked()
        if self.memory is not None:
            self.memory.forked()
        self.keeper.enter(None)

    def begin(self, name: str, parent: Any, *, is_root: bool, labels: dict[str, str] | None = None) -> Any:
        """The owner of a span that starts below the span of the owner `parent`, if that is known.

        `labels` hold for the span and all below it; those of a root label the whole tree.
        """
        if parent is not None and parent.tree.epoch != self.epoch:
            parent = None  # of the process before a fork, or of an accounting that has been taken out
        if self.lost.is_full:
            self.lost.put_away(self.turns, self._unended)
        if parent is None or is_root:
            tree = Tree(name, self.epoch, {} if parent is None else dict(parent.tree.labels), self.lost)
            if labels:
                for label, value in labels.items():
                    tree.label(label, value)
            tenant = self.tenant()
            if tenant:
                tree.label(TENANT, tenant)
            if self.memory is not None:
                tree.memory = self.memory.begin(name)
            owner = self.owner(name, tree, (), 1)
        else:
            own: Own = parent.own
            if labels:
                own = tuple(sorted({**dict(own), **labels}.items()))
            owner = self.owner(name, parent.tree, own, 0)
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
        with self.turns as is_mine:
            if is_mine:
                self._add(owner, line, amount)
            else:
                self.turns.later(self._add, owner, line, amount)

    def _add(self, owner: Any, line: Line, amount: float) -> None:
        if are_tokens(line):
            note(self._tokens if owner is None else owner.tree.tokens_of(owner), line, amount)
        if owner is None or owner.tree.epoch != self.epoch:
            self._outside.add({line: amount})
        elif owner.is_ended:
            self._sum_of(owner, owner.name).add({line: amount})
        else:
            lines = owner.lines
            if lines is None:
                lines = owner.lines = {}
            count_into(lines, line, amount)

    def add_to_request(self, line: Line, amount: float) -> None:
        """Counts for the local root of this context, whichever span below it is active: a response is the request's."""
        owner = OWNER.get()
        tree: Tree | None = owner.tree if owner is not None else None
        if tree is None or tree.epoch != self.epoch or tree.is_ended:
            self.add(line, amount)
            return
        with self.turns as is_mine:
            if is_mine:
                count_into(tree.lines, line, amount)
            else:
                self.turns.later(count_into, tree.lines, line, amount)

    def finish(self, owner: Any, name: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """Ends an owner; the attributes for its span, which is called `name` and has the attributes `given` now."""
        tree: Tree = owner.tree
        if owner.is_ended or tree.epoch != self.epoch:
            return {}
        own_ns = self._finish_cpu(owner)
        if not READ.isdisjoint(given):
            read(owner, given, self._tokens)
        if owner.is_root:
            add_request(owner, self.memory)
        lines, rates = owner.lines, self.rates
        if owner.drained is not None or owner.children_ns:
            own_ns, lines = whole(owner, own_ns)
        attributes: dict[str, Any] = {}
        cost = 0.0
        if own_ns:
            attributes[_CPU_ATTRIBUTE] = own_ns * 1e-9
            if rates is not None:
                cost = price_cpu(own_ns, rates, tree)
        if lines:
            cost += price_lines(lines, attributes, rates, tree)
        if rates is not None and attributes:
            attributes[COST_SELF] = cost
        with self.turns as is_mine:
            if owner.is_ended:
                return {}
            tree.cost += cost
            if owner.is_root:
                conclude(tree, name, attributes, rates, is_tenant_required=self.is_tenant_required)
            end = self._end if is_mine else partial(self.turns.later, self._end)
            end(owner, name, given)
        tenant = tree.labels.get(TENANT)
        if tenant is not None:
            attributes[TENANT] = tenant
        return attributes

    def _end(self, owner: Any, name: str, given: Mapping[str, Any]) -> None:
        """Ends an owner: a local root goes into the totals with its whole tree, what is below waits for the root's labels."""
        tree: Tree = owner.tree
        if owner.is_ended:
            return
        if not owner.is_root:
            self._put_away(owner, name, given)
            return
        into = self._sum_of(owner, name)
        into.count += 1
        into.requests += 1
        if tree.allocation:
            into.allocations.add(tree.allocation)
        owner.end(into.account)
        if owner.lines:
            into.add(owner.lines)
        add_units(into, given)
        if tree.parts:
            self.flush(tree)

    def _put_away(self, owner: Any, name: str, given: Mapping[str, Any]) -> None:
        """Ends a span below the root: it waits in the tree for the labels that the root will have."""
        tree: Tree = owner.tree
        part = tree.parts.get((name, owner.own)) or self.part(tree, name, owner.own)
        part.count += 1
        owner.end(part.account)
        if owner.lines:
            part.add(owner.lines)
        add_units(part, given)
        if tree.is_ended:
            self.flush(tree)

    def part(self, tree: Tree, name: str, own: Own) -> Part:
        """The part of a tree for spans of one name and own labels, which is made first; in a turn."""
        key: tuple[str, Own] = (name, own) if len(tree.parts) < _MOST_PARTS else (OTHER, ())
        part = tree.parts.get(key)
        if part is None:
            part = tree.parts[key] = Part(self.keeper.Account())
            self.keeper.set_drop(part.account)
        return part

    def flush(self, tree: Tree) -> None:
        """Moves the ended spans of a tree into the totals, under its labels of now."""
        for (name, own), part in tree.parts.items():
            take(part, self.totals.sum(tree.name, name, tree.key(own)))
        tree.parts.clear()

    def _sum_of(self, owner: Any, name: str) -> Sum:
        return self.totals.sum(owner.tree.name, name, owner.tree.key(owner.own))

    def _request(self) -> Tree | None:
        """The tree that this context works for."""
        owner = OWNER.get()
        return owner.tree if owner is not None and owner.tree.epoch == self.epoch else None

    def label(self, name: str, value: str) -> None:
        """Labels the request of this context; the last one wins."""
        owner = OWNER.get()
        if owner is not None and owner.tree.epoch == self.epoch:
            owner.tree.label(name, value)

    def lookup(self, hit: bool) -> None:
        """A cache was asked: the label stays true as long as every look-up hit."""
        tree = self._request()
        if tree is not None and not (hit and tree.labels.get(CACHE_HIT) == "false"):
            tree.label(CACHE_HIT, "true" if hit else "false")

    def evaluated(self, flag: str, variant: str) -> None:
        """A feature flag was evaluated for the request of this context."""
        tree = self._request()
        if tree is not None:
            tree.evaluated(flag, variant)

    def price_by(self, rates: Rates) -> None:
        """Takes other prices: what was consumed up to now keeps its cost."""
        before = self.rates
        with self.turns:
            if before is not None:
                for total in (*self.totals, *self._buckets):
                    total.fix(before)
            self.rates = rates
        self.on_change()

    def _prepare(self) -> dict[str, float]:
        """Takes today's prices and gives back what dropped trees held; the memory as it is now.

        Outside of any turn: whoever holds the lock of the memory may be waiting for one.
        """
        today = datetime.now(UTC).date()
        if self.rates is not None and self.rates.at != today:
            self.price_by(Rates(self.rates.book, self.rates.labels, today))
        if self.rates is not None:
            for line in list(self._outside.lines or ()):
                self.rates.of(line)  # what is told about a price is told through the user's log handlers
        if self.memory is None:
            return {}
        self.lost.give_back(self.turns, self._unended)
        held: dict[str, float] = self.memory.totals()
        return held

    def _settle(self, *, drain: bool) -> None:
        """Brings the totals up to date; `drain` also puts in what spans consumed that were open at the last time.

        Not earlier: what a short request is labelled with, its route for one, is known at its end.
        """
        if self.books is not None:
            self.books.settle()
        for owner in self._open() if drain else ():
            if owner.is_seen:
                self.flush(owner.tree)
                drain_into(owner, self._sum_of(owner, owner.name))
            owner.is_seen = True
        self.lost.put_into(self._unended)

    def balance(self) -> Balance | None:
        """Whether all CPU up to now is accounted for; None where CPU is not kept."""
        if self.books is None:
            return None
        with self.turns:
            self.books.settle()
            accounts = [total.account for total in (*self.totals, *open_sums(self._open()))]
            return self.books.balance(
                sum(account.self_ns + account.late_ns for account in accounts), sum(account.children_ns for account in accounts)
            )

    def rows(self) -> list[Row]:
        """Everything up to now, spans that are still open included, and the ledger's buckets; sorted by name."""
        held = self._prepare()
        with self.turns as is_mine:
            if is_mine:
                self._settle(drain=False)
            sums = [*self.totals, *open_sums(self._open()), *self._in_buckets(held, with_open=True)]
        return sorted(summed(sums, self.rates), key=lambda row: (row.name, row.root, sorted(row.labels.items())))

    def report(self) -> list[Row]:
        """What has ended, what long spans consumed so far, and the buckets: amounts that only grow, for counters.

        Nothing at all before there was a span: the parent of forked workers must export nothing, because they would go on
        with its exporter's connection, and the CPU of a helper process is charged to the span that started it.
        """
        held = self._prepare()
        with self.turns as is_mine:
            if is_mine:
                self._settle(drain=True)
            rows = summed(self.totals, self.rates)
            return rows + summed(self._in_buckets(held, with_open=False), self.rates) if rows else []

    def _in_buckets(self, held: Mapping[str, float], *, with_open: bool) -> list[Sum]:
        found = []
        for name, line, amount in in_buckets(self.balance(), held, with_open=with_open):
            found.append(self._buckets.sum("", name, ()))
            found[-1].lines = {line: amount}
        return found

    def _open(self) -> list[Any]:
        return [account for account in self.keeper.open_accounts() if isinstance(account, self.owner) and account.tree.epoch == self.epoch]

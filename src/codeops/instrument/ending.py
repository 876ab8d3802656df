"""What a span's own consumption says at its end: attributes, and cost in currency units."""

from collections.abc import Mapping
from typing import Any

from codeops.core.attribute import (
    CACHE_HIT,
    COST_ALLOCATION,
    COST_REQUEST,
    COST_REQUEST_NANO,
    COST_UNPRICED,
    FLAG_KEY,
    FLAG_VARIANT,
    MISSING,
    ROUTE,
    TENANT,
    USAGE,
)
from codeops.core.meter import CPU
from codeops.instrument import model
from codeops.instrument.buckets import MEMORY_LINE
from codeops.instrument.ledger import OWNER
from codeops.instrument.owner import Tree, count_into
from codeops.instrument.rates import CHILD_LINE, Line, Rates

__all__ = ["READ", "add_request", "conclude", "price_cpu", "price_lines", "read", "whole"]

READ = frozenset({CACHE_HIT, TENANT, ROUTE, *model.READ})
"""Attributes of a span that are read when it ends: labels that the user or another instrumentation put there."""


def read(owner: Any, given: Mapping[str, Any], outside: dict[Line, float]) -> None:
    """Takes over labels and tokens that stand on the span already; `outside` are those counted outside of any span."""
    tree: Tree = owner.tree
    for name in (CACHE_HIT, TENANT):
        value = given.get(name)
        if value is not None:
            tree.label(name, str(value).lower() if isinstance(value, bool) else str(value))
    if owner.is_root and ROUTE in given:
        tree.label(ROUTE, str(given[ROUTE]))
    if model.READ.isdisjoint(given):
        return
    tokens = model.lines(given)
    if tokens:
        is_counted = any(model.are_tokens(line) for line in (*(owner.lines or ()), *(owner.drained or ())))
        left = {} if is_counted else model.claim(tokens, (tree.tokens or {}).get(OWNER.get(), {}), outside)
        if left:
            owner.lines = {**(owner.lines or {}), **left}


def whole(owner: Any, own_ns: int) -> tuple[int, dict[Line, float]]:
    """CPU and lines of a span from its start to its end, with what is in the totals already and its children's CPU."""
    lines: dict[Line, float] = dict(owner.drained or {})
    for line, amount in (owner.lines or {}).items():
        lines[line] = lines.get(line, 0) + amount
    if owner.children_ns:
        lines[CHILD_LINE] = lines.get(CHILD_LINE, 0) + owner.children_ns * 1e-9
    return own_ns + owner.drained_ns, lines


def add_request(owner: Any, memory: Any) -> None:
    """Adds to a local root what was counted for the request as a whole: its share of the `memory`, and its response."""
    tree: Tree = owner.tree
    if tree.memory is not None:
        share, tree.memory = memory.end(tree.memory), None
        gib_s, tree.allocation = share if share is not None else (0.0, "")
        if gib_s:
            tree.lines[MEMORY_LINE] = gib_s
    if tree.lines:
        more, tree.lines = tree.lines, {}
        for line, amount in (owner.lines or {}).items():
            count_into(more, line, amount)
        owner.lines = more


def price_cpu(own_ns: int, rates: Rates, tree: Tree) -> float:
    """What own CPU costs; nothing but a note where it has no price."""
    if rates.cpu_ns is None:
        _note_unpriced(tree, CPU)
        return 0.0
    return own_ns * rates.cpu_ns


def price_lines(lines: Mapping[Line, float], attributes: dict[str, Any], rates: Rates | None, tree: Tree) -> float:
    """Writes usage by meter into `attributes`; what the lines cost."""
    for line, amount in lines.items():
        if amount:
            key = USAGE + line[0]
            attributes[key] = attributes.get(key, 0) + amount
    if rates is None:
        return 0.0
    cost, unpriced = rates.price(lines)
    if unpriced:
        attributes[COST_UNPRICED] = ",".join(sorted(unpriced))
        for meter in unpriced:
            _note_unpriced(tree, meter)
    if any(amount and model.are_tokens(line) for line, amount in lines.items()):
        attributes.update(model.aliases(lines, rates))
    return cost


def conclude(tree: Tree, name: str, attributes: dict[str, Any], rates: Rates | None, *, is_tenant_required: bool) -> None:
    """What is final when a local root ends: its name, the labels of the request, and what all of it costs."""
    tree.is_ended, tree.name, tree.tokens = True, name, None
    labels = tree.labels
    if is_tenant_required and TENANT not in labels:
        labels[TENANT] = MISSING
    if tree.allocation:
        attributes[COST_ALLOCATION] = tree.allocation
    if CACHE_HIT in labels:
        attributes[CACHE_HIT] = labels[CACHE_HIT]
    if tree.flags:
        flags = sorted(tree.flags.items())
        labels[FLAG_KEY] = attributes[FLAG_KEY] = ",".join(flag for flag, _ in flags)
        labels[FLAG_VARIANT] = attributes[FLAG_VARIANT] = ",".join(variant for _, variant in flags)
    if rates is not None:
        attributes[COST_REQUEST] = tree.cost
        attributes[COST_REQUEST_NANO] = round(tree.cost * 1e9)
        if tree.unpriced:
            attributes[COST_UNPRICED] = ",".join(sorted(tree.unpriced))


def _note_unpriced(tree: Tree, meter: str) -> None:
    if tree.unpriced is None:
        tree.unpriced = set()
    tree.unpriced.add(meter)

"""Lets the ledger in C go the usual way of a span by itself; whatever is special it hands back to Python."""

from collections.abc import Callable
from typing import Any

from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN, set_span_in_context

from codeops.core.attribute import COST_UNITS, ROUTE
from codeops.instrument import tenant
from codeops.instrument.accounting import Accounting
from codeops.instrument.buckets import MEMORY_LINE
from codeops.instrument.ending import READ, add_request, price_lines
from codeops.instrument.guard import complain
from codeops.instrument.owner import Part, Tree
from codeops.instrument.totals import take
from codeops.instrument.tracing.ownership import BORROWED
from codeops.instrument.tracing.writing import FastWrite, Write

__all__ = ["follow_contexts", "follow_spans"]


def follow_contexts(inner: Any, keeper: Any) -> Any:
    """A runtime context in C that delegates to `inner` and tells the ledger; None where the ledger is not in C."""
    if not hasattr(keeper, "Followed"):
        return None
    (span_key,) = set_span_in_context(INVALID_SPAN, Context())  # the API keeps the name of this key to itself
    keeper.contexts(BORROWED, span_key)
    return keeper.Followed(inner, tenant.carried, tenant.current_tenant)


def follow_spans(
    accounting: Accounting, write: Write, begin: Callable[..., None], finish: Callable[..., None]
) -> tuple[Callable[..., None], Callable[..., None]]:
    """The functions that a recorded span is begun and finished with: those of C where there are any, which ask these."""
    keeper = accounting.keeper
    if not hasattr(keeper, "spans") or not isinstance(write, FastWrite):
        return begin, finish

    def tell() -> None:
        keeper.spans(begin=begin, finish=finish, **_told(accounting))

    accounting.on_change = tell
    tell()
    return keeper.on_start, keeper.on_ending


def _told(accounting: Accounting) -> dict[str, Any]:
    """What of an accounting the usual way has to know; see ledger/_spans.c for each."""
    rates, cost_ns = accounting.rates, -1.0
    if rates is not None:
        cost_ns = rates.cpu_ns if rates.cpu_ns is not None else float("nan")
    return {
        "complain": complain,
        "turns": accounting.turns,
        "special": (READ - {ROUTE}) | {COST_UNITS},
        "epoch": accounting.epoch,
        "tree": Tree("", accounting.epoch, {}, accounting.lost),
        "part": Part(None),
        "make_part": accounting.part,
        "lost": (accounting.lost.parts, accounting.lost.shares),
        "tenant": accounting.tenant,
        "memory": accounting.memory,
        "memory_line": MEMORY_LINE,
        "request": add_request,
        "rates": rates,
        "known": rates.known if rates is not None else {},
        "price": price_lines,
        "totals": accounting.totals,
        "sums": accounting.totals.made,
        "take": take,
        "flush": accounting.flush,
        "is_tenant_required": accounting.is_tenant_required,
        "cost_ns": cost_ns,
    }

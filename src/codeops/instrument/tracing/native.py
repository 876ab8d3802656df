"""Lets the ledger in C go the usual way of a span by itself; whatever is special it hands back to Python."""

from collections.abc import Callable
from typing import Any

from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN, set_span_in_context

from codeops.core.attribute import COST_SELF, COST_UNITS, USAGE
from codeops.core.meter import CPU
from codeops.instrument import tenant
from codeops.instrument.accounting import Accounting
from codeops.instrument.ending import READ
from codeops.instrument.guard import complain
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
        cost_ns = -1.0
        if accounting.rates is not None:
            cost_ns = accounting.rates.cpu_ns if accounting.rates.cpu_ns is not None else float("nan")
        keeper.spans(
            begin=begin,
            finish=finish,
            complain=complain,
            turns=accounting.turns,
            acquire=accounting.turns.lock.acquire,
            release=accounting.turns.lock.release,
            special=READ | {COST_UNITS, COST_SELF, USAGE + CPU},  # the last two: the program's own, which stay
            epoch=accounting.epoch,
            part=accounting.part,
            cost_ns=cost_ns,
        )

    accounting.on_change = tell
    tell()
    return keeper.on_start, keeper.on_ending

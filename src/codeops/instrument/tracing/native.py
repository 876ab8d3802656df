"""Lets the ledger in C go the usual way of a span by itself; whatever is special it hands back to Python."""

from typing import Any

from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN, set_span_in_context

from codeops.core.attribute import COST_UNITS
from codeops.instrument import tenant
from codeops.instrument.accounting import Accounting
from codeops.instrument.ending import READ
from codeops.instrument.guard import complain
from codeops.instrument.tracing.ownership import BORROWED

__all__ = ["follow_contexts", "follow_spans"]


def follow_contexts(inner: Any, keeper: Any) -> Any:
    """A runtime context in C that delegates to `inner` and tells the ledger; None where the ledger is not in C."""
    if not hasattr(keeper, "Followed"):
        return None
    (span_key,) = set_span_in_context(INVALID_SPAN, Context())  # the API keeps the name of this key to itself
    keeper.contexts(BORROWED, span_key)
    return keeper.Followed(inner, tenant.carried, tenant.current_tenant)


def follow_spans(accounting: Accounting, processor: Any) -> None:
    """Puts the functions of C in place of the processor's methods, which stay the way for whatever is special."""
    from opentelemetry.sdk.trace import SpanProcessor  # only the API may be there when contexts are followed

    keeper = accounting.keeper
    if not hasattr(keeper, "spans") or not hasattr(SpanProcessor, "_on_ending"):
        return

    def tell() -> None:
        cost_ns = -1.0
        if accounting.rates is not None:
            cost_ns = accounting.rates.cpu_ns if accounting.rates.cpu_ns is not None else float("nan")
        keeper.spans(
            begin=processor.begin,
            finish=processor.finish,
            complain=complain,
            acquire=accounting.lock.acquire,
            release=accounting.lock.release,
            special=READ | {COST_UNITS},
            epoch=accounting.epoch,
            cost_ns=cost_ns,
        )

    accounting.on_change = tell
    tell()
    processor.on_start, processor._on_ending, processor.on_end = keeper.on_start, keeper.on_ending, keeper.ignore

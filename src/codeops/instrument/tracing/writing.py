"""How attributes get onto a span that is about to end, in every SDK from 1.30 on.

`Span.end()` sets the end time and, since 1.43, makes the attributes immutable before any processor is asked, so the
public `set_attribute` comes too late (opentelemetry-python#5614). The fast way writes into the mapping behind the
attributes; it is private, so it is tried out at start-up on a span of our own. Where that fails, `Relay` gives the
processors that follow a new `ReadableSpan` with all attributes, which is public and three times slower.
The fast way skips the SDK's limit on attributes and its cleaning of values: only numbers and short strings that we
made are written, and a span loses none of its own attributes to ours.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider

__all__ = ["FastWrite", "Relay", "RelayedWrite", "Write", "works"]


class Write(Protocol):
    """Puts attributes on a span that ends, and reads those it has."""

    def __call__(self, span: Any, attributes: Mapping[str, Any]) -> None:
        """Writes."""

    def read(self, span: Any) -> Mapping[str, Any]:
        """The attributes that the span has now."""


class FastWrite:
    """Writes into the mapping behind the span's attributes."""

    def __call__(self, span: Any, attributes: Mapping[str, Any]) -> None:
        """Writes."""
        span._attributes._dict.update(attributes)

    @staticmethod
    def read(span: Any) -> Mapping[str, Any]:
        """The attributes that the span has now."""
        found: Mapping[str, Any] = span._attributes._dict
        return found


class RelayedWrite:
    """Keeps the attributes with the span, for `Relay` to add them."""

    def __call__(self, span: Any, attributes: Mapping[str, Any]) -> None:
        """Keeps them."""
        span._codeops_attributes = dict(attributes)

    @staticmethod
    def read(span: Any) -> Mapping[str, Any]:
        """The attributes that the span has now."""
        return span.attributes or {}


class Relay(SpanProcessor):
    """Stands before another processor and gives it spans with our attributes on them, by public means alone."""

    def __init__(self, following: SpanProcessor) -> None:
        self._following = following

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Passes on."""
        self._following.on_start(span, parent_context)

    def on_end(self, span: ReadableSpan) -> None:
        """Passes on a copy of the span with all attributes."""
        ours = getattr(span, "_codeops_attributes", None)
        self._following.on_end(span if not ours else _with(span, ours))

    def shutdown(self) -> None:
        """Passes on."""
        self._following.shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Passes on."""
        return self._following.force_flush(timeout_millis)


def _with(span: ReadableSpan, attributes: Mapping[str, Any]) -> ReadableSpan:
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes={**(span.attributes or {}), **attributes},
        events=span.events,
        links=span.links,
        kind=span.kind,
        status=span.status,
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


class _Probe(SpanProcessor):
    """Writes one attribute as the span ends, and keeps what a processor behind it gets to see."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self.is_written = False

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Nothing."""

    def _on_ending(self, span: Span) -> None:
        self._put(span)

    def on_end(self, span: ReadableSpan) -> None:
        """Writes, in SDKs without `_on_ending`."""
        self._put(span)

    def _put(self, span: Any) -> None:
        if not self.is_written:
            self.is_written = True
            self._write(span, {"cost.probe": 1.5})


class _Reader(SpanProcessor):
    def __init__(self) -> None:
        self.seen: Mapping[str, Any] = {}

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Nothing."""

    def on_end(self, span: ReadableSpan) -> None:
        """Keeps the attributes."""
        self.seen = dict(span.attributes or {})


def works(write: Write) -> bool:
    """Whether what `write` puts on a span that ends is there for the processors that follow, beside the span's own."""
    try:
        provider = TracerProvider(shutdown_on_exit=False)
        reader = _Reader()
        provider.add_span_processor(_Probe(write))
        provider.add_span_processor(reader)
        with provider.get_tracer("codeops.probe").start_as_current_span("probe") as span:
            span.set_attribute("own", 1)
    except Exception:
        return False
    return reader.seen.get("cost.probe") == 1.5 and reader.seen.get("own") == 1

"""The span processor: an owner when a recorded span starts, its attributes when it ends."""

from typing import Any

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from codeops.instrument.accounting import Accounting
from codeops.instrument.guard import complain
from codeops.instrument.ledger import OWNER
from codeops.instrument.tracing.native import follow_spans
from codeops.instrument.tracing.ownership import owner_in, owner_of, set_owner
from codeops.instrument.tracing.writing import FastWrite, Write

__all__ = ["CostProcessor"]


class CostProcessor(SpanProcessor):
    """Gives spans their cost while it is aimed at an accounting; else it does nothing.

    `write` is the way in which this version of the SDK lets a span be written as it ends.
    """

    def __init__(self, write: Write) -> None:
        self._write, self._read = write, write.read
        self._accounting: Accounting | None = None

    def aim(self, accounting: Accounting | None) -> None:
        """Works for `accounting` from now on, or for nobody."""
        for name in ("on_start", "_on_ending", "on_end"):
            vars(self).pop(name, None)
        self._accounting = accounting
        if accounting is not None and isinstance(self._write, FastWrite):
            follow_spans(accounting, self)

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Makes the owner; a span without a parent in this process is a local root."""
        try:
            self.begin(span, parent_context)
        except Exception as problem:
            complain(problem)

    def _on_ending(self, span: Span) -> None:
        """The last moment at which the span can be written; the SDK calls it from 1.40 on."""
        self._end(span)

    def on_end(self, span: ReadableSpan) -> None:
        """The same for older SDKs, in which this processor stands before those that export."""
        self._end(span)

    def _end(self, span: Any) -> None:
        try:
            self.finish(span)
        except Exception as problem:
            complain(problem)

    def begin(self, span: Span, parent_context: Context | None) -> None:
        """The whole way at the start."""
        accounting = self._accounting
        if accounting is not None:
            parent = span.parent
            above = OWNER.get() if parent_context is None else owner_in(parent_context)
            set_owner(span, accounting.begin(span.name, above, is_root=parent is None or parent.is_remote))

    def finish(self, span: Any) -> None:
        """The whole way at the end."""
        accounting, owner = self._accounting, owner_of(span)
        if accounting is not None and owner is not None and not owner.is_ended:
            self._write(span, accounting.finish(owner, span.name, self._read(span)))

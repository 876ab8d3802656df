"""Spans of OpenTelemetry's SDK: an owner from their start, recorded or not, and their cost on them just before they end.

`Tracer.start_span` and `Span.end` are wrapped, which are public and which every span passes, whatever provider its tracer
is of and whenever that was made. A span processor would come too late at the end: `Span.end()` sets the end time and,
since SDK 1.43, makes the attributes immutable before it asks any processor (opentelemetry-python#5614). Before the end the
span can be written in every version, and every processor sees it whole, in whatever order they were added.
"""

from collections.abc import Callable, Mapping
from time import time_ns
from typing import Any

from opentelemetry.context import Context, get_current
from opentelemetry.trace import NonRecordingSpan, SpanKind, get_current_span

from codeops.instrument.accounting import Accounting
from codeops.instrument.guard import complain
from codeops.instrument.imports import forget, when_imported
from codeops.instrument.ledger import OWNER
from codeops.instrument.patch import Hooks, Live
from codeops.instrument.tracing.local import LocalSpan
from codeops.instrument.tracing.native import follow_spans
from codeops.instrument.tracing.ownership import owner_in, owner_of, set_owner
from codeops.instrument.tracing.writing import Write, chosen

__all__ = ["Spans"]

_SDK = "opentelemetry.sdk.trace"


class Spans:
    """Gives an owner to every span that a tracer of the SDK starts, for `accounting`."""

    def __init__(self, accounting: Accounting) -> None:
        self._accounting = accounting
        self._hooks = Hooks()
        self._is_on = False
        self._write: Write
        self._ways: tuple[Callable[..., None], Callable[..., None]]
        self._wrappers: list[Any] = []

    def install(self) -> None:
        """Wraps the start and the end of spans, now or when the SDK is imported."""
        when_imported(_SDK, self._hook)

    def uninstall(self) -> None:
        """Takes the hooks out; spans that are open go on without an owner."""
        self._turn(is_on=False)
        forget(_SDK, self._hook)
        self._hooks.undo()

    def _hook(self) -> None:
        from opentelemetry.sdk.trace import Span, Tracer

        self._write = chosen()
        self._ways = follow_spans(self._accounting, self._write, self.begin, self.finish)
        self._hooks.wrap(Tracer, "start_span", self._starting)
        self._hooks.wrap(Span, "end", self._ending)
        self._turn(is_on=True)

    def _turn(self, *, is_on: bool) -> None:
        """Says whether spans are accounted for: a wrapper may have to stay below somebody else's."""
        self._is_on = is_on
        for wrapper in self._wrappers:
            wrapper.is_on = is_on

    @property
    def _is_in_c(self) -> bool:
        return self._ways[0] != self.begin

    def _starting(self, original: Callable[..., Any], _live: Live) -> Callable[..., Any]:
        begin, _ = self._ways
        if self._is_in_c:
            self._wrappers.append(self._accounting.keeper.starting(original, begin, self._passed_over, NonRecordingSpan))
            return self._wrappers[-1]  # type: ignore[no-any-return]

        def start_span(  # every argument by name: passing on *args and **kwargs takes longer than the rest of this
            tracer: Any,
            name: str,
            context: Context | None = None,
            kind: SpanKind = SpanKind.INTERNAL,
            attributes: Mapping[str, Any] | None = None,
            links: Any = (),
            start_time: int | None = None,
            record_exception: bool = True,
            set_status_on_exception: bool = True,
            **more: Any,
        ) -> Any:
            span = original(tracer, name, context, kind, attributes, links, start_time, record_exception, set_status_on_exception, **more)
            if self._is_on:
                try:
                    if type(span) is NonRecordingSpan:
                        return self._unrecorded(span, name, context, attributes)
                    begin(span, context)
                except Exception as problem:
                    complain(problem)
            return span

        return start_span

    def _ending(self, original: Callable[..., Any], _live: Live) -> Callable[..., Any]:
        _, finish = self._ways
        if self._is_in_c:
            self._wrappers.append(self._accounting.keeper.ending(original, finish, globals()))
            return self._wrappers[-1]  # type: ignore[no-any-return]

        def end(span: Any, end_time: int | None = None) -> None:
            if self._is_on:
                if end_time is None:
                    end_time = time_ns()  # what we do now is not part of the span
                try:
                    finish(span)
                except Exception as problem:
                    complain(problem)
            original(span, end_time)

        return end

    def begin(self, span: Any, context: Context | None) -> None:
        """The owner of a recorded span that was started in `context`, the current one if None."""
        parent = span.parent
        above = OWNER.get() if context is None else owner_in(context)
        set_owner(span, self._accounting.begin(span.name, above, is_root=parent is None or parent.is_remote))

    def finish(self, span: Any) -> None:
        """Ends the owner of a recorded span that is about to end, and writes on the span what it consumed."""
        owner = owner_of(span)
        if owner is not None and not owner.is_ended and span.is_recording():
            self._write(span, self._accounting.finish(owner, span.name, self._write.read(span)))

    def _passed_over(
        self, span: Any, _tracer: Any, name: str, context: Any = None, _kind: Any = None, attributes: Any = None, *_: Any, **__: Any
    ) -> Any:
        """What a tracer gives out instead of a span that is not recorded, by the arguments that it was started with."""
        return self._unrecorded(span, name, context, attributes)

    def _unrecorded(self, span: Any, name: str, context: Context | None, attributes: Mapping[str, Any] | None) -> Any:
        above = get_current() if context is None else context
        parent, made = get_current_span(above).get_span_context(), span.get_span_context()
        owner = owner_in(above)
        if made.span_id == parent.span_id:  # a tracer that is turned off: there is no span, and the work is its parent's
            set_owner(span, owner)
            return span
        is_root = not parent.is_valid or parent.is_remote
        return LocalSpan(made, self._accounting, self._accounting.begin(name, owner, is_root=is_root), name, attributes or {})

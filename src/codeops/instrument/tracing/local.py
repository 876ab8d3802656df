"""Spans that OpenTelemetry does not record: sampled out, or started where no SDK is. They have an owner like all others.

Without one, what they consume would be charged to the span above them, and totals would depend on sampling.
"""

import functools
from collections.abc import Mapping
from typing import Any

from opentelemetry.trace import NonRecordingSpan, SpanContext, get_current_span

from codeops.instrument.accounting import Accounting
from codeops.instrument.guard import complain
from codeops.instrument.imports import forget, when_imported
from codeops.instrument.patch import Hooks, Live
from codeops.instrument.tracing.ownership import owner_in, owner_of, set_owner

__all__ = ["BlockSpan", "LocalSpan", "Unsampled"]

_MOST = 32


class LocalSpan(NonRecordingSpan):
    """A span that is not recorded, whose owner is finished when it ends. `is_recording` stays False, as the API has it."""

    def __init__(self, context: SpanContext, accounting: Accounting, owner: Any, name: str, attributes: Mapping[str, Any]) -> None:
        super().__init__(context)
        self._accounting, self._name, self._given = accounting, name, dict(attributes)
        set_owner(self, owner)

    def set_attribute(self, key: str, value: Any) -> None:
        """Keeps the attribute until the end, when labels are read."""
        if key in self._given or len(self._given) < _MOST:
            self._given[key] = value

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Keeps the attributes until the end."""
        for key, value in attributes.items():
            self.set_attribute(key, value)

    def update_name(self, name: str) -> None:
        """Takes another name."""
        self._name = name

    def end(self, end_time: int | None = None) -> None:
        """Finishes the owner."""
        del end_time
        self.finish()

    def finish(self) -> None:
        """Finishes the owner, once."""
        try:
            self._accounting.finish(self._codeops_owner, self._name, self._given)  # type: ignore[attr-defined]
        except Exception as problem:
            complain(problem)


class BlockSpan(LocalSpan):
    """The span of a block where no SDK is: the API's tracer hands it out as everybody's, who then end it. They must not."""

    def end(self, end_time: int | None = None) -> None:
        """Nothing: the block itself calls `finish`."""


class Unsampled:
    """Gives an owner to every span that a tracer of the SDK does not record."""

    def __init__(self, accounting: Accounting) -> None:
        self._accounting = accounting
        self._hooks = Hooks()

    def install(self) -> None:
        """Wraps `start_span` of the SDK's tracers, now or when the SDK is imported."""
        when_imported("opentelemetry.sdk.trace", self._hook)

    def uninstall(self) -> None:
        """Takes the hook out; spans that are under way still finish."""
        forget("opentelemetry.sdk.trace", self._hook)
        self._hooks.undo()

    def _hook(self) -> None:
        from opentelemetry.sdk.trace import Tracer

        self._hooks.wrap(Tracer, "start_span", self._starting)

    def _starting(self, original: Any, _live: Live) -> Any:
        @functools.wraps(original)
        def start_span(tracer: Any, name: str, context: Any = None, *args: Any, **options: Any) -> Any:
            span = original(tracer, name, context, *args, **options)
            if type(span) is not NonRecordingSpan or not self._hooks.is_installed or owner_of(span) is not None:
                return span  # recorded: the processor sees to it
            try:
                given = options.get("attributes") or (args[1] if len(args) > 1 else None) or {}
                return self._owned(span, name, context, given)
            except Exception as problem:
                complain(problem)
                return span

        return start_span

    def _owned(self, span: Any, name: str, context: Any, attributes: Mapping[str, Any]) -> Any:
        from opentelemetry.context import get_current

        above = get_current() if context is None else context
        parent = get_current_span(above).get_span_context()
        is_root = not parent.is_valid or parent.is_remote
        owner = self._accounting.begin(name, owner_in(above), is_root=is_root)
        return LocalSpan(span.get_span_context(), self._accounting, owner, name, attributes)

"""Spans of the user's own: `span` and `job`, with and without an OpenTelemetry SDK; `bind` and `collect`."""

import functools
from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from numbers import Real
from types import TracebackType
from typing import Any, Self, TypeVar

from opentelemetry import context as otel
from opentelemetry import trace

from codeops._version import __version__
from codeops.core.attribute import COST_UNIT, COST_UNITS, LABELS
from codeops.core.errors import InvalidValue
from codeops.instrument import running
from codeops.instrument.borrowing import borrowed
from codeops.instrument.guard import complain, guarded
from codeops.instrument.ledger import OWNER
from codeops.instrument.totals import Row
from codeops.instrument.tracing.local import BlockSpan
from codeops.instrument.tracing.ownership import owner_in, owner_of

__all__ = ["Job", "Span", "bind", "collect", "job", "span"]

_Function = TypeVar("_Function", bound=Callable[..., Any])

_tracer_of: tuple[object, trace.Tracer] = (None, trace.NoOpTracer())
"""A provider, and the tracer that it gave us."""


class Span:
    """A span around a block of code: `with codeops.span("render", tenant="acme"):`, also as a decorator of a function.

    It is OpenTelemetry's span where an SDK is set up, and one of ours where none is. `labels` hold for it and for all
    below it; those of a local root label the whole request.
    """

    def __init__(self, name: str, labels: Mapping[str, str | None], attributes: Mapping[str, Any] | None = None) -> None:
        self.name = name
        self._labels, self._attributes = labels, dict(attributes or {})
        self._entered: list[tuple[trace.Span, Any]] = []

    def __enter__(self) -> Self:
        try:
            self._begin()
        except Exception as problem:
            complain(problem)
        return self

    def _begin(self) -> None:
        now, above = running.now(), otel.get_current()
        labels = _known(self._labels, now)
        made = _tracer().start_span(self.name, attributes={**labels, **self._attributes})
        if now is not None:
            try:
                made = self._owned(made, above, now, labels)
            except Exception as problem:
                complain(problem)
        self._entered.append((made, otel.attach(trace.set_span_in_context(made, above))))

    def _owned(self, made: trace.Span, above: otel.Context, now: "running.Running", labels: dict[str, str]) -> trace.Span:
        """The span, or one of ours where it has no owner of its own."""
        parent, current = owner_in(above), trace.get_current_span(above)
        if not made.is_recording() and (owner_of(made) in {None, parent} or made is current):
            owner = now.accounting.begin(self.name, parent, is_root=parent is None)
            made = BlockSpan(current.get_span_context(), now.accounting, owner, self.name, {**labels, **self._attributes})
        if labels:
            now.accounting.relabel(owner_of(made), labels)
        return made

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace_: TracebackType | None) -> None:
        if not self._entered:
            return
        made, token = self._entered.pop(self._latest())
        otel.detach(token)
        self._finish(made)
        made.__exit__(kind, problem, trace_)
        if isinstance(made, BlockSpan):
            made.finish()

    def _latest(self) -> int:
        """Which of the spans that were entered is left now: one object may be entered by several threads and tasks."""
        if len(self._entered) > 1:
            current = trace.get_current_span()
            for number, (made, _) in enumerate(self._entered):
                if made is current:
                    return number
        return -1

    def _finish(self, made: trace.Span) -> None:
        """What is to be said before the span ends."""

    def __call__(self, function: _Function) -> _Function:
        """The span as a decorator, around each call of a function, sync or async."""
        import inspect

        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def spanned_async(*args: Any, **kwargs: Any) -> Any:
                with self._again():
                    return await function(*args, **kwargs)

            return spanned_async  # type: ignore[return-value]

        @functools.wraps(function)
        def spanned(*args: Any, **kwargs: Any) -> Any:
            with self._again():
                return function(*args, **kwargs)

        return spanned  # type: ignore[return-value]

    def _again(self) -> "Span":
        return Span(self.name, self._labels, self._attributes)


class Job(Span):
    """A span around a batch job, with how many units of value it worked through; `units` may be set until it ends."""

    def __init__(self, name: str, labels: Mapping[str, str | None], unit: str, units: float) -> None:
        super().__init__(name, labels)
        self.unit, self.units = unit, units

    def _again(self) -> "Job":
        return Job(self.name, self._labels, self.unit, self.units)

    def _finish(self, made: trace.Span) -> None:
        try:
            made.set_attributes({COST_UNIT: self.unit, COST_UNITS: self._checked_units()})
        except Exception as problem:
            complain(problem)

    def _checked_units(self) -> float:
        units: Any = self.units
        if isinstance(units, bool) or not isinstance(units, Real | Decimal) or not 0 <= float(units) < float("inf"):
            raise InvalidValue(
                f"job {self.name} worked through {units!r} {self.unit}",
                why="units are a number, zero or more",
                fix="count what was done",
            )
        return float(units)


def span(name: str, /, **labels: str | None) -> Span:
    """A block of code with a name, whose own cost is told apart; see `Span`."""
    return Span(name, labels)


def job(name: str, /, *, unit: str, units: float = 0.0, **labels: str | None) -> Job:
    """A batch job: its cost for each of `units` of `unit`, such as 12.5 `GB`; see `Job`."""
    return Job(name, labels, unit, units)


def bind(function: _Function) -> _Function:
    """`function`, which works for the span that is active now, whatever thread runs it and whenever."""
    now, owner = running.now(), OWNER.get()
    if now is None or owner is None:
        return function
    return functools.wraps(function)(borrowed(now.accounting.keeper, owner, function))  # type: ignore[return-value]


def collect() -> list[Row]:
    """What everything consumed since `instrument()`, by name and labels; empty when it was not called."""
    now = running.now()
    if now is not None:
        try:
            return now.accounting.rows()
        except Exception as problem:
            complain(problem)
    return []


def _tracer() -> trace.Tracer:
    """Our tracer of the program's provider, asked for once: the SDK takes a lock, which a signal handler would wait for."""
    global _tracer_of  # ruff: ignore[global-statement]
    provider = trace.get_tracer_provider()
    known, tracer = _tracer_of
    if known is not provider:
        tracer = provider.get_tracer("codeops", __version__)
        _tracer_of = provider, tracer
    return tracer


def _known(labels: Mapping[str, str | None], now: "running.Running | None") -> dict[str, str]:
    """Labels under the names of their attributes; those that are None, as the program does not know them, are left out."""
    declared = now.settings.breakdown if now is not None else ()
    found: dict[str, str] = {}
    for name, value in labels.items():
        if value is not None:
            guarded(_take, name, value, declared, found)
    return found


def _take(name: str, value: str, declared: Collection[str], found: dict[str, str]) -> None:
    """Takes one label; one that nobody knows is refused, which is told once for each name."""
    if name in LABELS or name in declared or name in LABELS.values():
        found[LABELS.get(name, name)] = str(value)
        return
    from difflib import get_close_matches

    near = get_close_matches(name, [*LABELS, *declared], 1)
    complain(
        InvalidValue(
            f"{name!r} is not a label that cost is broken down by",
            why=f"known are {', '.join([*LABELS, *declared])}",
            fix=f"write {near[0]}" if near else f"declare it: instrument(breakdown=[{name!r}])",
        )
    )

"""Spans of the user's own: `span` and `job`, with and without an OpenTelemetry SDK; `bind` and `collect`."""

import functools
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar

from opentelemetry import context as otel
from opentelemetry import trace

from codeops._version import __version__
from codeops.core.attribute import COST_UNIT, COST_UNITS, LABELS
from codeops.core.errors import InvalidValue
from codeops.instrument import running
from codeops.instrument.borrowing import borrowed
from codeops.instrument.guard import complain
from codeops.instrument.ledger import OWNER
from codeops.instrument.totals import Row
from codeops.instrument.tracing.local import BlockSpan
from codeops.instrument.tracing.ownership import owner_in, owner_of

__all__ = ["Span", "bind", "collect", "job", "span"]

_Function = TypeVar("_Function", bound=Callable[..., Any])


class Span:
    """A span around a block of code: `with codeops.span("render", tenant="acme"):`, also as a decorator of a function.

    It is OpenTelemetry's span where an SDK is set up, and one of ours where none is. `labels` hold for it and for all
    below it; those of a local root label the whole request.
    """

    def __init__(self, name: str, labels: Mapping[str, str], attributes: Mapping[str, Any] | None = None) -> None:
        self.name = name
        self._labels, self._attributes = labels, dict(attributes or {})
        self._span: trace.Span = trace.INVALID_SPAN
        self._token: Any = None

    def __enter__(self) -> Self:
        try:
            self._begin()
        except Exception as problem:
            complain(problem)
        return self

    def _begin(self) -> None:
        now = running.now()
        above = otel.get_current()
        attributes = {**_known(self._labels, now), **self._attributes}
        made = trace.get_tracer("codeops", __version__).start_span(self.name, attributes=attributes)
        parent = owner_in(above)
        if now is not None and (owner_of(made) in {None, parent} or made is trace.get_current_span(above)):
            owner = now.accounting.begin(self.name, parent, is_root=parent is None)
            made = BlockSpan(trace.get_current_span(above).get_span_context(), now.accounting, owner, self.name, attributes)
        if now is not None and self._labels:
            now.accounting.relabel(owner_of(made), _known(self._labels, now))
        self._span = made
        self._token = otel.attach(trace.set_span_in_context(made, above))

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace_: TracebackType | None) -> None:
        if self._token is not None:
            otel.detach(self._token)
            self._token = None
            self._finish()
            self._span.__exit__(kind, problem, trace_)
            if isinstance(self._span, BlockSpan):
                self._span.finish()

    def _finish(self) -> None:
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

    def __init__(self, name: str, labels: Mapping[str, str], unit: str, units: float) -> None:
        super().__init__(name, labels)
        self.unit, self.units = unit, units

    def _again(self) -> "Job":
        return Job(self.name, self._labels, self.unit, self.units)

    def _finish(self) -> None:
        try:
            units = float(self.units)
            self._demand(units)
            self._span.set_attributes({COST_UNIT: self.unit, COST_UNITS: units})
        except Exception as problem:
            complain(problem)

    def _demand(self, units: float) -> None:
        if not 0 <= units < float("inf"):
            raise InvalidValue(
                f"job {self.name} worked through {self.units!r} {self.unit}",
                why="units are a number, zero or more",
                fix="count what was done",
            )


def span(name: str, /, **labels: str) -> Span:
    """A block of code with a name, whose own cost is told apart; see `Span`."""
    return Span(name, labels)


def job(name: str, /, *, unit: str, units: float = 0.0, **labels: str) -> Job:
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
    return now.accounting.rows() if now is not None else []


def _known(labels: Mapping[str, str], now: "running.Running | None") -> dict[str, str]:
    """Labels under the names of their attributes; one that nobody knows is refused once, and left out."""
    declared = now.settings.breakdown if now is not None else ()
    found: dict[str, str] = {}
    for name, value in labels.items():
        if name in LABELS or name in declared or name in LABELS.values():
            found[LABELS.get(name, name)] = str(value)
        else:
            from difflib import get_close_matches

            near = get_close_matches(name, [*LABELS, *declared], 1)
            complain(
                InvalidValue(
                    f"{name!r} is not a label that cost is broken down by",
                    why=f"known are {', '.join([*LABELS, *declared])}",
                    fix=f"write {near[0]}" if near else f"declare it: instrument(breakdown=[{name!r}])",
                )
            )
    return found

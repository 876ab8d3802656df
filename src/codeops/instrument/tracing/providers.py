"""Every tracer provider of the SDK, whether it exists already or is made later, gets the cost processor.

It stands first: in SDKs before 1.40 a processor can only write on a span for those that come after it.
"""

from collections.abc import Callable
from typing import Any
from weakref import WeakSet

from codeops.core.attribute import COST_CURRENCY, COST_PRICEBOOK
from codeops.core.pricebook import PriceBook
from codeops.instrument.accounting import Accounting
from codeops.instrument.guard import guarded
from codeops.instrument.imports import forget, when_imported
from codeops.instrument.patch import Hooks, Live

__all__ = ["Providers", "way"]

_SDK = "opentelemetry.sdk.trace"
_processor: Any = None
"""One for the life of the process: providers keep what they were given, so it is aimed anew rather than added again."""

_known: "WeakSet[Any]" = WeakSet()


def way() -> str:
    """How attributes get onto spans that end in this process: `fast`, `relayed`, or empty without an SDK that was used."""
    from codeops.instrument.tracing.writing import FastWrite

    return "" if _processor is None else "fast" if isinstance(_processor._write, FastWrite) else "relayed"


class Providers:
    """Adds the cost processor to providers, for `accounting`; `book` names currency and version on their resource."""

    def __init__(self, accounting: Accounting, book: PriceBook | None) -> None:
        self._accounting, self._book = accounting, book
        self._hooks = Hooks()

    def install(self) -> None:
        """Sees to all providers, now or when the SDK is imported."""
        when_imported(_SDK, self._hook)

    def uninstall(self) -> None:
        """Leaves the processor where it is, idle: the SDK has no way to take one out."""
        forget(_SDK, self._hook)
        self._hooks.undo()
        if _processor is not None:
            _processor.aim(None)

    def _hook(self) -> None:
        from opentelemetry import trace
        from opentelemetry.sdk.trace import TracerProvider

        processor = _made()
        processor.aim(self._accounting)
        present = trace.get_tracer_provider()
        if isinstance(present, TracerProvider):
            guarded(self._equip, present)
        for known in list(_known):
            guarded(self._describe, known)
        self._hooks.wrap(TracerProvider, "__init__", self._making)
        if way() == "relayed":
            self._hooks.wrap(TracerProvider, "add_span_processor", _adding)

    def _making(self, original: Callable[..., Any], _live: Live) -> Callable[..., Any]:
        def __init__(provider: Any, *args: Any, **kwargs: Any) -> None:  # ruff: ignore[dunder-function-name] - it replaces one
            original(provider, *args, **kwargs)
            if self._hooks.is_installed:
                guarded(self._equip, provider)

        return __init__

    def _equip(self, provider: Any) -> None:
        if provider in _known:
            return
        _known.add(provider)
        multi = provider._active_span_processor
        if way() == "relayed":
            from codeops.instrument.tracing.writing import Relay

            multi._span_processors = (_processor, *(Relay(following) for following in multi._span_processors))
        else:
            multi._span_processors = (_processor, *multi._span_processors)
        self._describe(provider)

    def _describe(self, provider: Any) -> None:
        """Currency and version of the prices, on the resource: tracers that are made from now on carry it."""
        if self._book is None:
            return
        from opentelemetry.sdk.resources import Resource

        facts = {COST_CURRENCY: self._book.currency, COST_PRICEBOOK: self._book.version}
        if hasattr(provider, "_update_resource"):  # private; it tells the tracers that exist already
            provider._update_resource(Resource(facts))
        else:
            provider._resource = provider.resource.merge(Resource(facts))


def _made() -> Any:
    global _processor  # ruff: ignore[global-statement]
    if _processor is None:
        from codeops.instrument.tracing.processor import CostProcessor
        from codeops.instrument.tracing.writing import FastWrite, RelayedWrite, works

        fast = FastWrite()
        _processor = CostProcessor(fast if works(fast) else RelayedWrite())
    return _processor


def _adding(original: Callable[..., Any], _live: Live) -> Callable[..., Any]:
    def add_span_processor(provider: Any, span_processor: Any) -> None:
        from codeops.instrument.tracing.writing import Relay

        original(provider, span_processor if span_processor is _processor else Relay(span_processor))

    return add_span_processor

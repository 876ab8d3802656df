"""Every tracer provider of the SDK says on its resource which currency and which prices the costs on its spans are in."""

import gc
from collections.abc import Callable, Mapping
from typing import Any

from codeops.core.attribute import COST_CURRENCY, COST_PRICEBOOK
from codeops.core.pricebook import PriceBook
from codeops.instrument.guard import complain, guarded
from codeops.instrument.imports import forget, when_imported
from codeops.instrument.patch import Hooks, Live

__all__ = ["Providers"]

_SDK = "opentelemetry.sdk.trace"


class Providers:
    """Describes the prices of `book` on the resource of the program's provider, and on those of all that are made later.

    `learn` is told the resource of each provider that is made later: it may say where the process runs.
    """

    def __init__(self, book: PriceBook | None, learn: Callable[[Mapping[str, Any]], None]) -> None:
        self._learn = learn
        self._facts = {COST_CURRENCY: book.currency, COST_PRICEBOOK: book.version} if book is not None else {}
        self._hooks = Hooks()

    def install(self) -> None:
        """Sees to all providers, now or when the SDK is imported."""
        if self._facts:
            when_imported(_SDK, self._hook)

    def uninstall(self) -> None:
        """Describes no further ones; what stands on a resource stays there."""
        forget(_SDK, self._hook)
        self._hooks.undo()

    def _hook(self) -> None:
        from opentelemetry import trace
        from opentelemetry.sdk.trace import TracerProvider

        present = trace.get_tracer_provider()
        if isinstance(present, TracerProvider):
            guarded(self._describe, present)
        self._hooks.wrap(TracerProvider, "__init__", self._making)
        self._hooks.wrap(TracerProvider, "get_tracer", self._asking)

    def _making(self, original: Callable[..., Any], _live: Live) -> Callable[..., Any]:
        def __init__(provider: Any, sampler: Any = None, resource: Any = None, *args: Any, **kwargs: Any) -> None:  # ruff: ignore[dunder-function-name] - it replaces one
            if self._hooks.is_installed:
                try:
                    resource = self._completed(resource)
                except Exception as problem:
                    complain(problem)
            original(provider, sampler, resource, *args, **kwargs)
            if self._hooks.is_installed:
                guarded(self._learn, provider.resource.attributes)

        return __init__

    def _asking(self, original: Callable[..., Any], _live: Live) -> Callable[..., Any]:
        def asked(provider: Any, *args: Any, **kwargs: Any) -> Any:
            if self._hooks.is_installed:
                guarded(self._describe, provider)  # one that was made before we came, and is not the program's only one
            return original(provider, *args, **kwargs)

        return asked

    def _completed(self, resource: Any) -> Any:
        from opentelemetry.sdk.resources import Resource

        return (Resource.create({}) if resource is None else resource).merge(Resource(self._facts))

    def _describe(self, provider: Any) -> None:
        """Adds what is missing to a provider that was made before, by private names of the SDK: its API has no way."""
        before = provider.resource
        if self._is_told(before):
            return
        if hasattr(provider, "_update_resource"):  # from SDK 1.44 on; it tells the tracers that exist already
            from opentelemetry.sdk.resources import Resource

            provider._update_resource(Resource(self._facts))
        else:
            provider._resource = self._completed(before)
            for tracer in _tracers():
                if tracer.resource is before:
                    tracer.resource = provider.resource
        if not self._is_told(provider.resource):
            raise RuntimeError("this opentelemetry-sdk lets no resource be completed: cost.currency is missing where it was made before")

    def _is_told(self, resource: Any) -> bool:
        return all(resource.attributes.get(name) == fact for name, fact in self._facts.items())


def _tracers() -> list[Any]:
    """All tracers that exist: older SDKs keep no list. It takes milliseconds, once, where a provider is older than we are."""
    from opentelemetry.sdk.trace import Tracer

    return [found for found in gc.get_objects() if issubclass(type(found), Tracer)]

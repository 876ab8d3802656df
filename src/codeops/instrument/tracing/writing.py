"""How what a span consumed gets onto it while it still can be written, in every SDK from 1.30 on.

The fast way writes into the mapping behind the span's attributes. That is private, so it is tried out at start-up on a
span of our own, and where it fails the public way is taken, `set_attributes`, which takes three times as long.
What is written are numbers and short strings of ours; what stands on the span already is never replaced nor, at the
SDK's limit on the number of attributes, pushed out: the fast way goes past the limit, the public one leaves out what is
beyond it.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, Protocol

from codeops.core.attribute import COST_REQUEST, COST_REQUEST_NANO, COST_SELF, TENANT

__all__ = ["FastWrite", "PublicWrite", "Write", "chosen", "works"]

_FIRST = (COST_REQUEST, COST_REQUEST_NANO, COST_SELF, TENANT)
"""What is written before all else where there is not room for all."""


class Write(Protocol):
    """Puts attributes on a span that is about to end, and reads those it has."""

    def __call__(self, span: Any, attributes: dict[str, Any]) -> None:
        """Writes those that the span does not have yet."""

    def read(self, span: Any) -> Mapping[str, Any]:
        """The attributes that the span has now."""


class FastWrite:
    """Writes into the mapping behind the span's attributes, `span._attributes._dict`."""

    def __call__(self, span: Any, attributes: dict[str, Any]) -> None:
        """Writes those that the span does not have yet."""
        own = span._attributes._dict
        if not own.keys().isdisjoint(attributes):
            attributes = {name: value for name, value in attributes.items() if name not in own}
        own.update(attributes)

    @staticmethod
    def read(span: Any) -> Mapping[str, Any]:
        """The attributes that the span has now."""
        found: Mapping[str, Any] = span._attributes._dict
        return found


class PublicWrite:
    """Writes with `set_attributes`, as many as there is room for."""

    def __init__(self) -> None:
        from opentelemetry.sdk.trace import SpanLimits

        self._limit: int | None = SpanLimits().max_span_attributes  # the environment's, or the SDK's

    def __call__(self, span: Any, attributes: dict[str, Any]) -> None:
        """Writes those that the span does not have yet."""
        own = self.read(span)
        new = [name for name in (*_FIRST, *(name for name in attributes if name not in _FIRST)) if name in attributes and name not in own]
        limit = getattr(getattr(span, "_limits", None), "max_span_attributes", self._limit)  # a provider may have its own
        room = len(new) if limit is None else max(0, limit - len(own))
        span.set_attributes({name: attributes[name] for name in new[:room]})

    @staticmethod
    def read(span: Any) -> Mapping[str, Any]:
        """The attributes that the span has now."""
        return span.attributes or {}


def chosen() -> Write:
    """The fast way where it works, else the public one."""
    fast = FastWrite()
    return fast if works(fast) else PublicWrite()


def works(write: Write) -> bool:
    """Whether what `write` puts on a span is there for the processors, beside the span's own."""
    try:
        return _written(write).items() >= {"own": 1, "cost.probe": 1.5}.items()  # more, where this process is being measured
    except Exception:
        return False


def _written(write: Write) -> dict[str, Any]:
    """What a processor sees on a span with an attribute of its own that is written as it ends."""
    provider, seen = _probe()
    span = provider.get_tracer("codeops").start_span("probe", attributes={"own": 1})
    write(span, {"own": 2, "cost.probe": 1.5})
    span.end()
    return seen.pop()


@cache
def _probe() -> tuple[Any, list[dict[str, Any]]]:
    """A provider, and the attributes of its spans that have ended.

    It is made once, because the SDK keeps something of every provider that was ever made.
    All that the environment could say is said here: a sampler, limits, and detectors of resources that ask the network.
    """
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, SpanProcessor, TracerProvider
    from opentelemetry.sdk.trace.sampling import ALWAYS_ON

    class Reader(SpanProcessor):
        def __init__(self) -> None:
            self.seen: list[dict[str, Any]] = []

        def on_end(self, span: ReadableSpan) -> None:
            self.seen.append(dict(span.attributes or {}))

    reader = Reader()
    limits = SpanLimits(max_span_attributes=8, max_span_attribute_length=8)
    provider = TracerProvider(sampler=ALWAYS_ON, resource=Resource.get_empty(), shutdown_on_exit=False, span_limits=limits)
    provider.add_span_processor(reader)
    return provider, reader.seen

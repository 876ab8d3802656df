"""HTTP calls of httpx and of its continuation httpx2, at the transport: each redirect and retry that is sent."""

from collections.abc import AsyncIterator, Callable, Iterator
from types import ModuleType
from typing import Any

from codeops.instrument import callsite
from codeops.instrument.guard import guarded
from codeops.instrument.libraries._layer import is_taken
from codeops.instrument.patch import Hooks, Live
from codeops.instrument.recorder import Sink, Tally, count

__all__ = ["METERS", "hook"]

METERS = {
    "http.call": ("{request}", "requests sent, each attempt and redirect counted, by `host`"),
    "network.egress": ("By", "request lines, headers and bodies sent, as HTTP/1.1 writes them and before TLS, by `host`"),
}

_ABOVE = frozenset({"botocore", "aiobotocore"})


def hook(hooks: Hooks, module: ModuleType) -> None:
    """Hooks the two transports of `module` that use the network; those of tests do not count."""
    hooks.wrap(module.HTTPTransport, "handle_request", lambda original, live: _handling(module, original, live))
    hooks.wrap(module.AsyncHTTPTransport, "handle_async_request", lambda original, live: _handling_async(module, original, live))


def _handling(module: ModuleType, original: Callable[..., Any], live: Live) -> Callable[..., Any]:
    def counted(self: Any, request: Any) -> Any:
        tally = live()
        return original(self, request if tally is None or is_taken() else _noted(module, request, tally))

    return counted


def _handling_async(module: ModuleType, original: Callable[..., Any], live: Live) -> Callable[..., Any]:
    async def counted(self: Any, request: Any) -> Any:
        tally = live()
        return await original(self, request if tally is None or is_taken() else _noted(module, request, tally))

    return counted


def _noted(module: ModuleType, request: Any, tally: Tally | Sink) -> Any:
    """The request, or an equal one whose body is counted while it is sent, when its length is not declared."""
    made = [request]
    guarded(_note, module, request, tally, made)
    return made[-1]


def _note(module: ModuleType, request: Any, tally: Tally | Sink, made: list[Any]) -> None:
    site, is_covered = callsite.find(tally.root, _ABOVE)
    if is_covered:
        return
    labels = {"host": request.url.host}
    count("http.call", 1, labels=labels, site=site)
    head = len(request.method) + len(request.url.raw_path) + len(" HTTP/1.1\r\n") + 1 + len("\r\n")
    head += sum(len(name) + len(value) + 4 for name, value in request.headers.raw)
    declared = request.headers.get("content-length")
    count("network.egress", head + int(declared or 0), labels=labels, site=site)
    if declared is None and "transfer-encoding" in request.headers:
        body = _counted_body(module, request.stream, lambda size: count("network.egress", size, labels=labels, site=site))
        made.append(module.Request(request.method, request.url, headers=request.headers, stream=body, extensions=request.extensions))


def _counted_body(module: ModuleType, stream: Any, note: Callable[[int], None]) -> Any:
    class Body(module.SyncByteStream, module.AsyncByteStream):  # type: ignore[misc, name-defined]
        def __iter__(self) -> Iterator[bytes]:
            size = 0
            for chunk in stream:
                size += len(chunk)
                yield chunk
            guarded(note, size)

        async def __aiter__(self) -> AsyncIterator[bytes]:
            size = 0
            async for chunk in stream:
                size += len(chunk)
                yield chunk
            guarded(note, size)

    return Body()

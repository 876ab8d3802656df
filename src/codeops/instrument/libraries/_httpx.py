"""HTTP calls of httpx and of its continuation httpx2, at the transport: each redirect and retry that is sent."""

import functools
from collections.abc import AsyncIterator, Callable, Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

from codeops.instrument import callsite, imports
from codeops.instrument.guard import guarded
from codeops.instrument.libraries._layer import is_taken
from codeops.instrument.libraries._outgoing import baggage, labels
from codeops.instrument.patch import Hooks, Live
from codeops.instrument.recorder import Sink, Tally, count

__all__ = ["METERS", "hook", "unhook"]

METERS = {
    "http.call": ("{request}", "requests sent, each attempt and redirect counted, by `host` and `destination`"),
    "network.egress": ("By", "request lines, headers and bodies sent, as HTTP/1.1 writes them and before TLS, by `host` and `destination`"),
}


def hook(hooks: Hooks, module: ModuleType) -> None:
    """Hooks the two transports of `module` that use the network; those of tests do not count."""
    hooks.wrap(module.HTTPTransport, "handle_request", lambda original, live: _handling(module, original, live))
    hooks.wrap(module.AsyncHTTPTransport, "handle_async_request", lambda original, live: _handling_async(module, original, live))
    core = module.__name__.replace("httpx", "httpcore")
    imports.when_imported(core, _pool_hook(hooks, core))


def unhook(hooks: Hooks, module: str) -> None:
    """Takes the hooks out of what is called `module`."""
    core = module.replace("httpx", "httpcore")
    imports.forget(core, _pool_hook(hooks, core))
    hooks.undo()


@functools.cache
def _pool_hook(hooks: Hooks, core: str) -> Callable[[], None]:
    """Hooks the pools that the transports send with: below them, so that a header which OpenTelemetry adds in a transport is seen."""

    def hook_pools() -> None:
        package = import_module(core)
        hooks.before(package.ConnectionPool, "handle_request", _strip)
        hooks.before(package.AsyncConnectionPool, "handle_async_request", _strip)

    return hook_pools


def _strip(_pool: Any, request: Any) -> None:
    """Takes the tenant out of the headers of a request to a foreign host."""
    if any(name.lower() == b"baggage" for name, _ in request.headers):
        host = request.url.host.decode("ascii", "replace")
        headers = [(name, baggage(host, value) if name.lower() == b"baggage" else value) for name, value in request.headers]
        request.headers = [(name, value) for name, value in headers if value is not None]


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
    site, _ = callsite.find(tally.root)
    told = labels(request.url.host)
    count("http.call", 1, labels=told, site=site)
    head = len(request.method) + len(request.url.raw_path) + len(" HTTP/1.1\r\n") + 1 + len("\r\n")
    head += sum(len(name) + len(value) + 4 for name, value in request.headers.raw)
    declared = request.headers.get("content-length")
    count("network.egress", head + int(declared or 0), labels=told, site=site)
    if declared is None and "transfer-encoding" in request.headers:
        body = _counted_body(module, request.stream, lambda size: count("network.egress", size, labels=told, site=site))
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

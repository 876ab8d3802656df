"""HTTP calls of aiohttp's client, through its public trace signals."""

from collections.abc import Callable
from typing import Any

from codeops.instrument import callsite
from codeops.instrument.guard import guarded
from codeops.instrument.libraries._layer import is_taken
from codeops.instrument.libraries._outgoing import baggage, labels
from codeops.instrument.patch import Hooks, Live
from codeops.instrument.recorder import count, current

__all__ = ["METERS", "MODULE", "VERSIONS", "install", "uninstall"]

MODULE = "aiohttp"

METERS = {
    "http.call": ("{request}", "requests sent, each redirect counted, by `host` and `destination`"),
    "network.egress": ("By", "request lines, headers and bodies sent, before TLS, by `host` and `destination`"),
}

VERSIONS = "aiohttp 3.8 to 3.14; sessions made after the hooks were installed"

_hooks = Hooks()


def install() -> None:
    """Gives each new session a listener, and looks at each request right before it is written."""
    import aiohttp

    _hooks.wrap(aiohttp.ClientSession, "__init__", _making)
    _hooks.wrap(aiohttp.ClientRequest, "send", _sending)


def uninstall() -> None:
    """Gives no listener any more; those given out no longer count."""
    _hooks.undo()


def _making(original: Callable[..., Any], _live: Live) -> Callable[..., Any]:
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # ruff: ignore[dunder-function-name] - it replaces one
        guarded(_add_listener, kwargs)
        original(self, *args, **kwargs)

    return __init__


def _sending(original: Callable[..., Any], live: Live) -> Callable[..., Any]:
    async def send(self: Any, *args: Any, **kwargs: Any) -> Any:
        if live() is not None and "baggage" in self.headers:
            values = [baggage(self.url.host or "", value) for value in self.headers.popall("baggage")]
            self.headers.extend(("baggage", value) for value in values if value is not None)
        return await original(self, *args, **kwargs)

    return send


def _add_listener(kwargs: dict[str, Any]) -> None:
    import aiohttp

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(_started)
    trace.on_request_headers_sent.append(_headers_sent)
    trace.on_request_chunk_sent.append(_chunk_sent)
    kwargs["trace_configs"] = [*(kwargs.get("trace_configs") or []), trace]


async def _started(_session: Any, context: Any, _parameters: Any) -> None:  # ruff: ignore[unused-async] - signals await
    """Notes the line: the body is written by a task of its own, which has none of the user's code on its stack."""
    tally = current() if _hooks.is_installed and not is_taken() else None
    context.site, context.is_counted = None, tally is not None
    if tally is not None:
        guarded(_note_site, context, tally.root)


def _note_site(context: Any, root: str | None) -> None:
    context.site, _ = callsite.find(root)


async def _headers_sent(_session: Any, context: Any, parameters: Any) -> None:  # ruff: ignore[unused-async] - signals await
    if context.is_counted:
        guarded(_note_headers, context.site, parameters)


def _note_headers(site: callsite.Site | None, parameters: Any) -> None:
    told = labels(parameters.url.host or "")
    count("http.call", 1, labels=told, site=site)
    head = len(f"{parameters.method} {parameters.url.raw_path_qs} HTTP/1.1\r\n\r\n")
    head += sum(len(f"{name}: {value}\r\n".encode()) for name, value in parameters.headers.items())
    count("network.egress", head, labels=told, site=site)


async def _chunk_sent(_session: Any, context: Any, parameters: Any) -> None:  # ruff: ignore[unused-async] - signals await
    if context.is_counted and parameters.chunk:
        guarded(count, "network.egress", len(parameters.chunk), labels=labels(parameters.url.host or ""), site=context.site)

"""HTTP calls through the standard library's http.client, and so those of urllib, urllib3, requests and all above them.

This one layer counts for all of them, so that no call is counted twice. What a client of a cloud counts itself is left to it.
"""

import http.client
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from codeops.instrument.guard import guarded
from codeops.instrument.libraries._layer import is_taken
from codeops.instrument.libraries._outgoing import baggage, labels
from codeops.instrument.patch import Hooks, Live
from codeops.instrument.recorder import count

__all__ = ["METERS", "MODULE", "VERSIONS", "install", "uninstall"]

MODULE = "http.client"

METERS = {
    "http.call": ("{request}", "requests sent, each attempt and redirect counted, by `host` and `destination`"),
    "network.egress": ("By", "request lines, headers and bodies sent, before TLS, by `host` and `destination`"),
}

VERSIONS = "Python 3.11 to 3.14; urllib3 1.26 to 2.8, requests 2.28 to 2.34"

_hooks = Hooks()


def install() -> None:
    """Hooks the connection class that the others inherit from."""
    _hooks.before(http.client.HTTPConnection, "putrequest", _note_request)
    _hooks.wrap(http.client.HTTPConnection, "putheader", _heading)
    _hooks.wrap(http.client.HTTPConnection, "send", _sending)


def uninstall() -> None:
    """Takes the hooks out."""
    _hooks.undo()


def _note_request(connection: Any, _method: str, url: str, *_: Any, **__: Any) -> None:
    host = connection.codeops_host = _host(connection, url)
    if not is_taken():
        count("http.call", 1, labels=labels(host))


def _heading(original: Callable[..., Any], live: Live) -> Callable[..., Any]:
    def putheader(self: Any, header: Any, *values: Any) -> Any:
        if len(header) == len("baggage") and live() is not None and header.lower() in {"baggage", b"baggage"}:
            host = getattr(self, "codeops_host", None) or self.host
            values = tuple(kept for value in values if (kept := baggage(host, value)) is not None)
            if not values:
                return None
        return original(self, header, *values)

    return putheader


def _sending(original: Callable[..., Any], live: Live) -> Callable[..., Any]:
    def send(self: Any, data: Any) -> Any:
        if live() is None or is_taken():
            return original(self, data)
        if hasattr(data, "read"):  # sent block by block below this method: count what leaves while it is read
            return original(self, _Counted(self, data))
        guarded(_note_bytes, self, data)
        return original(self, data)

    return send


class _Counted:
    """A file whose bytes are counted as they are sent."""

    def __init__(self, connection: Any, file: Any) -> None:
        self._connection, self._file = connection, file

    def read(self, *args: Any) -> Any:
        block = self._file.read(*args)
        guarded(_note_bytes, self._connection, block)
        return block

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def _note_bytes(connection: Any, data: Any) -> None:
    size = len(data.encode()) if isinstance(data, str) else memoryview(data).nbytes
    if size:
        host = getattr(connection, "codeops_host", None) or _host(connection, "")
        count("network.egress", size, labels=labels(host))


def _host(connection: Any, url: str) -> str:
    """The host that is meant, also behind a proxy: that of a tunnel, or of the absolute address sent to a proxy."""
    return str(getattr(connection, "_tunnel_host", None) or urlsplit(url).hostname or connection.host)

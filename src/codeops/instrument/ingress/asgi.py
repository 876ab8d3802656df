"""Requests and WebSockets that reach an ASGI application: their tenant, their route, and the bytes sent back.

Source: ASGI specification 3.0, HTTP and WebSocket 2.5 with extensions, https://asgi.readthedocs.io/en/latest/, read 2026-11-23.
"""

import os
from collections.abc import Awaitable, Callable, MutableMapping
from contextvars import ContextVar, Token
from pathlib import Path
from typing import Any

from codeops.core.attribute import TENANT
from codeops.instrument import network, recorder, tenant
from codeops.instrument.guard import guarded
from codeops.instrument.ingress.delivery import Delivery
from codeops.instrument.response import has_body, head_size, phrase_of

__all__ = ["MARK", "Application", "Asgi", "Connection", "arrived", "delivering"]

Scope = MutableMapping[str, Any]
Send = Callable[[Any], Awaitable[None]]
Application = Callable[[Scope, Callable[[], Awaitable[Any]], Send], Awaitable[None]]

_HEADS = frozenset({"http.response.start", "websocket.http.response.start"})
_BODIES = frozenset({"http.response.body", "websocket.http.response.body"})

MARK = "codeops.delivery"
"""The key of a scope or environ that is being counted: what handles it further inside steps aside."""

delivering: ContextVar[Delivery | None] = ContextVar("codeops_delivering", default=None)
"""What this context is answering: a request that it makes of an application in this process leaves no host."""


class Asgi:
    """Middleware for any ASGI application: the one to use where no framework is hooked, outermost.

    Example:
        >>> async def app(scope, receive, send): ...
        >>> app = Asgi(app)
    """

    def __init__(self, app: Application) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Callable[[], Awaitable[Any]], send: Send) -> None:
        """Answers as the application does."""
        connection = arrived(scope)
        if connection is None:
            await self._app(scope, receive, send)
            return
        try:
            await self._app(scope, receive, connection.counting(send))
        finally:
            connection.end()


def arrived(scope: Scope) -> "Connection | None":
    """What to count of a request that came in; None if it is no request, or is being counted already."""
    if scope.get("type") not in {"http", "websocket"} or MARK in scope:
        return None
    outer = delivering.get()
    if outer is not None and not outer.is_complete:
        return None
    made: list[Connection] = []
    guarded(lambda: made.append(Connection(scope)))
    return made[0] if made else None


class Connection:
    """One request or WebSocket, from its arrival until the application returns."""

    __slots__ = ("_delivery", "_has_body", "_scope", "_tenant", "_token")

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._has_body = True
        self._delivery = scope[MARK] = Delivery(self._labels())
        self._tenant = tenant.entered(self._header, scope)
        self._token: Token[Delivery | None] = delivering.set(self._delivery)
        if (name := tenant.current()) is not None:
            recorder.note(TENANT, name)

    def end(self) -> None:
        """Leaves the context as it was found."""
        tenant.left(self._tenant)
        self._delivery.is_complete = True
        try:
            delivering.reset(self._token)
        except ValueError:  # the application is ended in another context than it began in, by the garbage collector
            delivering.set(None)

    def counting(self, send: Send) -> Send:
        """`send`, whose messages are counted once they have been sent."""
        add = self._delivery.add

        async def counted(message: Any) -> None:
            if "headers" in message and not isinstance(message["headers"], list | tuple):
                message = {**message, "headers": list(message["headers"])}  # an iterator can be read only once
            sizes = [0]
            guarded(self._measure, message, sizes)
            await send(message)
            if sizes[-1]:
                guarded(add, sizes[-1])

        return counted

    def _measure(self, message: Any, sizes: list[int]) -> None:
        """Before it is sent: while a server sends the last message, it may begin with the connection's next request."""
        kind = message["type"]
        if kind in _HEADS:
            self._has_body = has_body(self._scope.get("method", "GET"), message["status"])
            sizes.append(head_size(message["status"], phrase_of(message["status"]), message.get("headers", ())))
        elif self._has_body:
            sizes.append(_size_of(kind, message))
        if kind == "http.response.pathsend" or (kind == "http.response.body" and not message.get("more_body", False)):
            self._delivery.is_complete = True
        self._delivery.note_route(self._route)

    def _labels(self) -> dict[str, str]:
        client = self._scope.get("client")
        peer = str(client[0]) if client else ""
        if peer and not network.is_internal(peer):
            return network.labels_of(peer)
        return network.labels_of_client(peer, self._header("x-forwarded-for") or self._header("forwarded"))

    def _header(self, name: str) -> str | None:
        wanted = name.encode("latin-1")
        found = [value for key, value in self._scope["headers"] if key == wanted]
        return b",".join(found).decode("latin-1") if found else None

    def _route(self) -> str | None:
        """The template that Starlette and FastAPI leave in the scope, with the prefix under which its application is mounted."""
        route = getattr(self._scope.get("route"), "path", None)
        if not isinstance(route, str):
            return None
        root = self._scope.get("root_path", "")
        prefix = root.removeprefix(self._scope.get("app_root_path", root))
        names = {str(value): "{" + name + "}" for name, value in self._scope.get("path_params", {}).items()} if prefix else {}
        return "/".join(names.get(part, part) for part in prefix.split("/")) + route


def _size_of(kind: str, message: Any) -> int:
    if kind in _BODIES:
        return len(message.get("body", b""))
    if kind == "websocket.send":
        text = message.get("text")
        return len(message.get("bytes") or b"") if text is None else len(text) if text.isascii() else len(text.encode())
    if kind == "http.response.pathsend":
        return Path(message["path"]).stat().st_size
    if kind == "http.response.trailers":
        return sum(len(name) + len(value) + 4 for name, value in message.get("headers", ()))
    if kind == "http.response.zerocopysend":
        return _size_of_part(message)
    return 0


def _size_of_part(message: Any) -> int:
    if (count := message.get("count")) is not None:
        return int(count)
    descriptor = message["file"].fileno()
    offset = message.get("offset")
    return os.fstat(descriptor).st_size - (os.lseek(descriptor, 0, os.SEEK_CUR) if offset is None else int(offset))

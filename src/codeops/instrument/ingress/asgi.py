"""Requests and WebSockets that reach an ASGI application: their tenant, their route, and the bytes sent back.

Source: ASGI specification 3.0, HTTP and WebSocket 2.5 with extensions, https://asgi.readthedocs.io/en/latest/, read 2026-11-23.
"""

import os
from collections.abc import Awaitable, Callable, MutableMapping
from contextvars import ContextVar, Token
from functools import lru_cache
from pathlib import Path
from typing import Any

from codeops.core.attribute import TENANT
from codeops.instrument import network, recorder, tenant
from codeops.instrument.guard import complain
from codeops.instrument.ingress.delivery import Delivery
from codeops.instrument.response import has_body, head_size, phrase_of

__all__ = ["MARK", "Application", "Asgi", "Connection", "arrived", "delivering"]

Scope = MutableMapping[str, Any]
Send = Callable[[Any], Awaitable[None]]
Application = Callable[[Scope, Callable[[], Awaitable[Any]], Send], Awaitable[None]]

_KINDS = frozenset({"http", "websocket"})
_HEADS = frozenset({"http.response.start", "websocket.http.response.start"})
_SEQUENCES = (list, tuple)
_PROXY = frozenset({b"x-forwarded-for", b"forwarded"})

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
    if scope.get("type") not in _KINDS or MARK in scope:
        return None
    outer = delivering.get()
    if outer is not None and not outer.is_complete:
        return None
    try:
        return Connection(scope)
    except Exception as problem:  # ruff: ignore[blind-except] - no fault of ours reaches the program
        complain(problem)
        return None


class Connection:
    """One request or WebSocket, from its arrival until the application returns."""

    __slots__ = ("_delivery", "_has_body", "_head", "_scope", "_send", "_tenant", "_token")

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._has_body, self._head = True, 0
        names = tenant.wanted()
        headers = _headers(scope, names)
        client = scope.get("client")
        forwarded = headers.get(b"x-forwarded-for") or headers.get(b"forwarded")
        destination = network.destination_of_client(str(client[0]) if client else "", forwarded.decode("latin-1") if forwarded else None)
        self._delivery = scope[MARK] = Delivery(destination)
        self._tenant = _entered(headers, scope) if names else None
        self._token: Token[Delivery | None] = delivering.set(self._delivery)

    def end(self) -> None:
        """Leaves the context as it was found."""
        try:
            self._leave()
        except Exception as problem:  # ruff: ignore[blind-except] - no fault of ours reaches the program
            complain(problem)

    def _leave(self) -> None:
        if self._tenant is not None:
            tenant.left(self._tenant)
        self._delivery.is_complete = True
        try:
            delivering.reset(self._token)
        except ValueError:  # the application is ended in another context than it began in, by the garbage collector
            delivering.set(None)

    def counting(self, send: Send) -> Send:
        """`send`, whose messages are counted once they have been sent."""
        self._send = send
        return self._counted

    def _counted(self, message: Any) -> Awaitable[None]:
        if "headers" in message and not isinstance(message["headers"], _SEQUENCES):
            message = {**message, "headers": list(message["headers"])}  # an iterator can be read only once
        size = 0
        try:
            size = self._measure(message)
        except Exception as problem:  # ruff: ignore[blind-except] - no fault of ours reaches the program
            complain(problem)
        return self._sending(message, size) if size else self._send(message)

    async def _sending(self, message: Any, size: int) -> None:
        await self._send(message)
        try:
            self._delivery.add(size)
        except Exception as problem:  # ruff: ignore[blind-except] - no fault of ours reaches the program
            complain(problem)

    def _measure(self, message: Any) -> int:
        """Before it is sent: while a server sends the last message, it may begin with the connection's next request.

        The head counts with what follows it, as servers send it and because counting has a price.
        """
        kind = message["type"]
        if kind == "http.response.body":
            size = self._head + (len(message.get("body", b"")) if self._has_body else 0)
            self._head = 0
            if not message.get("more_body", False):
                self._delivery.is_complete = True
            return size
        if kind in _HEADS:
            status = message["status"]
            self._has_body = has_body(self._scope.get("method", "GET"), status)
            self._head = head_size(status, phrase_of(status), message.get("headers", ()))
            self._delivery.note_route(self._route())
            return 0
        size, self._head = self._head + (_size_of(kind, message) if self._has_body else 0), 0
        self._delivery.is_complete = kind == "http.response.pathsend"
        if not self._delivery.is_noted:
            self._delivery.note_route(self._route())
        return size

    def _route(self) -> str | None:
        """The template that Starlette and FastAPI leave in the scope, with the prefix under which its application is mounted."""
        route = getattr(self._scope.get("route"), "path", None)
        if not isinstance(route, str):
            return None
        root = self._scope.get("root_path", "")
        if not root:
            return route
        prefix = root.removeprefix(self._scope.get("app_root_path", root))
        names = {str(value): "{" + name + "}" for name, value in self._scope.get("path_params", {}).items()} if prefix else {}
        return "/".join(names.get(part, part) for part in prefix.split("/")) + route


def _entered(headers: dict[bytes, bytes], scope: Scope) -> "Token[Any] | None":
    def header(name: str) -> str | None:
        value = headers.get(name.encode("latin-1"))
        return value.decode("latin-1") if value is not None else None

    token = tenant.entered(header, scope)
    if token is not None and (name := tenant.current()) is not None:
        recorder.note(TENANT, name)
    return token


def _headers(scope: Scope, names: frozenset[str]) -> dict[bytes, bytes]:
    """The request's headers that tell its client, and those called `names`; one that is repeated is joined."""
    headers = scope["headers"]
    if not isinstance(headers, _SEQUENCES):
        headers = scope["headers"] = list(headers)  # an iterator can be read only once
    wanted = _wanted(names)
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        if name in wanted:
            found[name] = found[name] + b"," + value if name in found else value
    return found


@lru_cache(maxsize=8)
def _wanted(names: frozenset[str]) -> frozenset[bytes]:
    return _PROXY | {name.encode("latin-1") for name in names}


def _size_of(kind: str, message: Any) -> int:
    if kind == "websocket.send":
        text = message.get("text")
        return len(message.get("bytes") or b"") if text is None else len(text) if text.isascii() else len(text.encode())
    if kind == "websocket.http.response.body":
        return len(message.get("body", b""))
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

"""How the entrance of a framework's application class is wrapped."""

import functools
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from codeops.instrument.ingress import asgi, wsgi
from codeops.instrument.patch import Hooks, Live

__all__ = ["hook_asgi", "hook_wsgi"]


def hook_asgi(hooks: Hooks, owner: type) -> None:
    """Counts what instances of the ASGI application class `owner` answer."""

    def make(original: Callable[..., Awaitable[None]], live: Live) -> Callable[..., Awaitable[None]]:
        async def __call__(self: Any, scope: Any, receive: Any, send: Any) -> None:  # ruff: ignore[dunder-function-name] - it replaces one
            connection = None if asgi.MARK in scope or live() is None else asgi.arrived(scope)
            if connection is None:
                await original(self, scope, receive, send)
                return
            try:
                await original(self, scope, receive, connection.counting(send))
            finally:
                connection.end()

        return __call__

    hooks.wrap(owner, "__call__", make)


def hook_wsgi(hooks: Hooks, owner: type, route: wsgi.Route) -> None:
    """Counts what instances of the WSGI application class `owner` answer; `route` finds the template of an environ's route."""

    def make(original: Callable[..., Iterable[bytes]], live: Live) -> Callable[..., Iterable[bytes]]:
        def __call__(self: Any, environ: Any, start_response: Any) -> Iterable[bytes]:  # ruff: ignore[dunder-function-name] - it replaces one
            request = wsgi.arrived(environ, route) if live() is not None else None
            if request is None:
                return original(self, environ, start_response)
            return request.answered(functools.partial(original, self), start_response)

        return __call__

    hooks.wrap(owner, "__call__", make)

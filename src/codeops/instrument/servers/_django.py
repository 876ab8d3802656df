"""What both of Django's handlers share: the route, and the response just before OpenTelemetry ends the request's span.

OpenTelemetry's middleware ends the span when it returns the response, before a byte of it has been handed over.
So the bytes count for the context that the middleware sees, and those that are certain by then are counted there.
"""

import sys
from typing import Any

from codeops.instrument.guard import guarded
from codeops.instrument.ingress.asgi import MARK
from codeops.instrument.ingress.delivery import SOON_BYTES, Delivery
from codeops.instrument.patch import Hooks, Live
from codeops.instrument.response import declared_length, has_body, head_size, phrase_of

__all__ = ["install", "uninstall"]

_MIDDLEWARE = "opentelemetry.instrumentation.django.middleware.otel_middleware"

_hooks = Hooks()


def install() -> None:
    """Hooks the resolver, and OpenTelemetry's middleware as soon as a handler has loaded it."""
    from django.core.handlers.base import BaseHandler  # type: ignore[import-untyped, unused-ignore]

    _hooks.wrap(BaseHandler, "resolve_request", _resolving)
    _hooks.wrap(BaseHandler, "load_middleware", _loading)
    _hook_middleware()


def uninstall() -> None:
    """Takes the hooks out."""
    _hooks.undo()


def _loading(original: Any, _live: Live) -> Any:
    def load_middleware(self: Any, *args: Any, **kwargs: Any) -> Any:
        loaded = original(self, *args, **kwargs)
        if _hooks.is_installed:
            guarded(_hook_middleware)
        return loaded

    return load_middleware


def _hook_middleware() -> None:
    middleware = getattr(sys.modules.get(_MIDDLEWARE), "_DjangoMiddleware", None)
    if middleware is not None:
        _hooks.wrap(middleware, "process_response", _responding)


def _resolving(original: Any, live: Live) -> Any:
    def resolve_request(self: Any, request: Any) -> Any:
        match = original(self, request)
        if live() is not None and (delivery := _delivery(request)) is not None:
            guarded(lambda: delivery.note_route(str(match.route)))
        return match

    return resolve_request


def _responding(original: Any, live: Live) -> Any:
    def answered(self: Any, request: Any, response: Any) -> Any:
        if live() is not None and (delivery := _delivery(request)) is not None:
            guarded(_announce, delivery, request, response)
        return original(self, request, response)

    return answered


def _delivery(request: Any) -> Delivery | None:
    """What the request's handler counts with."""
    arrived = getattr(request, "scope", None) or getattr(request, "environ", None) or {}
    delivery: Delivery | None = arrived.get(MARK)
    return delivery


def _announce(delivery: Delivery, request: Any, response: Any) -> None:
    delivery.keep()
    if not _is_outermost():
        return
    status, cookies = response.status_code, [cookie.output(header="") for cookie in response.cookies.values()]
    is_asgi = hasattr(request, "scope")  # there the handler strips cookies, and the server writes its own phrase
    headers = [*response.items(), *(("Set-Cookie", cookie.strip() if is_asgi else cookie) for cookie in cookies)]
    size = head_size(status, phrase_of(status) if is_asgi else response.reason_phrase, headers)
    length = declared_length(headers) if response.streaming else len(response.content)
    if length and length <= SOON_BYTES and has_body(request.method, status):
        size += length
    delivery.add(0, ahead=size)


def _is_outermost() -> bool:
    """Whether no middleware can change the response any more."""
    from django.conf import settings  # type: ignore[import-untyped, unused-ignore]

    first = next(iter(settings.MIDDLEWARE), "")
    return bool(first.startswith(_MIDDLEWARE))

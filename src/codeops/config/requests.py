"""`[[bench.request]]`, and the requests of a service: what is sent, and what is expected."""

import msgspec

from codeops.config import tables
from codeops.config.origin import Origin
from codeops.core.suite import RequestCase, ServiceCase

__all__ = ["request_of", "service_request_of"]


def request_of(origin: Origin, bench: tables.Bench, index: int) -> RequestCase:
    """The request number `index` to an application in the worker's own process.

    Raises: InvalidValue.
    """
    request, place = bench.request[index], ("bench", "request", index)
    app = request.app or bench.app
    if ":" not in app:
        why = f"app is {app!r}" if app else "neither this request nor [bench] names an app"
        raise origin.refuse(f"{request.route} has no app to ask", why, 'write app = "package.module:app" under [bench]', *place)
    headers, body = _content(origin, request, *place)
    return RequestCase(
        route=request.route,
        path=request.path or request.route,
        app=app,
        method=request.method.upper(),
        headers=headers,
        body=body,
        expect_status=request.expect_status,
    )


def service_request_of(origin: Origin, service: tables.Service, number: int, index: int) -> ServiceCase:
    """The request number `index` to the service, which is the file's number `number`.

    Raises: InvalidValue.
    """
    request, place = service.request[index], ("bench", "service", number, "request", index)
    path = request.path or request.route
    if not path.startswith("/"):
        raise origin.refuse(f"{request.route} has no path", f"path is {path!r}", 'write for example path = "/orders/7"', *place)
    headers, body = _content(origin, request, *place)
    return ServiceCase(
        route=request.route,
        service=service.name,
        path=path,
        method=request.method.upper(),
        headers=headers,
        body=body,
        expect_status=request.expect_status,
    )


def _content(
    origin: Origin, request: tables.Request | tables.ServiceRequest, *place: str | int
) -> tuple[tuple[tuple[str, str], ...], bytes]:
    """Headers and body."""
    if request.json is not msgspec.UNSET and request.body is not msgspec.UNSET:
        raise origin.refuse(f"{request.route} has two bodies", "both json and body are given", "keep one of them", *place)
    headers = dict(request.headers)
    body = b"" if request.body is msgspec.UNSET else request.body.encode()
    if request.json is not msgspec.UNSET:
        body = msgspec.json.Encoder(decimal_format="number").encode(request.json)
        headers.setdefault("content-type", "application/json")
    return tuple(headers.items()), body

"""`[[bench.service]]`: commands that start services in any language, and the requests to them."""

from codeops.config import amounts, tables
from codeops.config.origin import Origin
from codeops.config.requests import service_request_of
from codeops.core.suite import Service, ServiceCase

__all__ = ["services_of"]


def services_of(origin: Origin, bench: tables.Bench) -> tuple[tuple[Service, ...], tuple[ServiceCase, ...]]:
    """The services, and the requests to all of them.

    Raises: InvalidValue.
    """
    services: list[Service] = []
    for number, service in enumerate(bench.service):
        if any(service.name == other.name for other in services):
            why = "requests name their service, and two have this name"
            raise origin.refuse(f"{service.name} is started twice", why, "give each service a name of its own", "bench", "service", number)
        services.append(_service(origin, service, number))
    cases = (
        service_request_of(origin, service, number, index)
        for number, service in enumerate(bench.service)
        for index in range(len(service.request))
    )
    return tuple(services), tuple(cases)


def _service(origin: Origin, service: tables.Service, number: int) -> Service:
    place = ("bench", "service", number)
    command = ("/bin/sh", "-c", service.command) if isinstance(service.command, str) else tuple(service.command)
    if not service.command:
        raise origin.refuse(
            f"{service.name} has no command", "command is empty", 'write for example command = ["node", "server.js"]', *place
        )
    if not service.request:
        raise origin.refuse(f"{service.name} is asked nothing", "it has no request", "add [[bench.service.request]] with a route", *place)
    return Service(
        name=service.name,
        command=command,
        env=service.env,
        ready=_ready(origin, service, *place),
        ready_timeout_s=amounts.seconds(origin, service.ready_timeout_s, *place, "ready_timeout_s"),
        service_name=service.service_name or service.name,
        spans=service.spans,
    )


def _ready(origin: Origin, service: tables.Service, *place: str | int) -> str:
    """`:8080` for a port, which must accept; a path or a URL, which must answer."""
    ready = service.ready
    if isinstance(ready, int):
        if not 0 < ready < 65536:
            raise origin.refuse(f"{service.name} is ready at port {ready}", "ports are 1 to 65535", "correct ready", *place, "ready")
        return f":{ready}"
    if ready and not ready.startswith(("/", "http://")):
        why = "it is neither a path, nor a URL of http, nor a port"
        raise origin.refuse(f"ready is {ready}", why, 'write for example ready = "/healthz"', *place, "ready")
    return ready

"""`[bench]`: what is measured, and how long."""

from collections.abc import Iterator

from codeops.config import amounts, tables
from codeops.config.origin import Origin
from codeops.config.requests import request_of
from codeops.config.services import services_of
from codeops.core.suite import FunctionCase, Plan, Suite

__all__ = ["suite_of"]


def suite_of(origin: Origin, bench: tables.Bench) -> Suite:
    """Everything that the file wants measured.

    Raises: InvalidValue.
    """
    services, service_requests = services_of(origin, bench)
    suite = Suite(
        root=str(origin.root),
        python_path=tuple(str(origin.root / path) for path in bench.python_path),
        setup=bench.setup,
        env=bench.env,
        requests=tuple(request_of(origin, bench, index) for index in range(len(bench.request))),
        functions=tuple(_function(origin, function, index) for index, function in enumerate(bench.function)),
        services=services,
        service_requests=service_requests,
        pytest=tuple(bench.pytest),
        plan=_plan(origin, bench),
    )
    _refuse_twins(origin, bench)
    return suite


def _plan(origin: Origin, bench: tables.Bench) -> Plan:
    if bench.max_samples < bench.min_samples:
        raise origin.refuse(
            "max_samples is less than min_samples",
            f"max_samples is {bench.max_samples}, min_samples {bench.min_samples}",
            "raise max_samples",
            "bench",
            "max_samples",
        )
    return Plan(
        warmup=bench.warmup,
        min_samples=bench.min_samples,
        max_samples=bench.max_samples,
        seconds=amounts.seconds(origin, bench.seconds, "bench", "seconds"),
        timeout_s=amounts.seconds(origin, bench.timeout_s, "bench", "timeout_s"),
        memory=bench.memory,
    )


def _function(origin: Origin, function: tables.Function, index: int) -> FunctionCase:
    place = ("bench", "function", index)
    if bool(function.route) == bool(function.job):
        why = f"route is {function.route!r}, job is {function.job!r}"
        raise origin.refuse(f"{function.call} is neither a route nor a job", why, "give it either route or job", *place)
    if (function.units is None) != (not function.unit):
        why = f"unit is {function.unit!r}, units is {function.units}"
        raise origin.refuse("unit and units belong together", why, 'write for example unit = "GB" and units = 12.5', *place)
    if function.units is not None and not function.units > 0:
        raise origin.refuse(f"{function.job} works through {function.units} units", "units must be above zero", "correct units", *place)
    return FunctionCase(
        route=function.route or function.job,
        call=function.call,
        kind="route" if function.route else "job",
        unit=function.unit,
        units="" if function.units is None else str(function.units),
    )


def _refuse_twins(origin: Origin, bench: tables.Bench) -> None:
    seen: set[str] = set()
    for route, place in _places(bench):
        if route in seen:
            why = "a route's measurement would overwrite the other's"
            raise origin.refuse(f"{route} is measured twice", why, "give each case its own route", "bench", *place)
        seen.add(route)


def _places(bench: tables.Bench) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    yield from ((request.route, ("request", index)) for index, request in enumerate(bench.request))
    yield from ((function.route or function.job, ("function", index)) for index, function in enumerate(bench.function))
    for number, service in enumerate(bench.service):
        yield from ((request.route, ("service", number, "request", index)) for index, request in enumerate(service.request))

"""Matching: which case of the base stands for which case of the head."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from codeops.core.suite import Suite

__all__ = ["Matched", "match"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """The suite that the base is measured with: the head's cases at the head's numbers, and behind them what only the base says.

    `twins` are the numbers of the head's cases at which the base has a case of its own that differs, with the number of that;
    `gone` the numbers of cases whose routes the head no longer measures; `listed` the routes that the base's configuration names.
    """

    suite: Suite
    numbers: Mapping[int, int]
    twins: Mapping[int, int]
    gone: tuple[int, ...]
    listed: frozenset[str]


def match(head: Suite, base: Suite | None, root: str) -> Matched:
    """The suite for the base in the folder `root`; `base` is what the base's own configuration says, None without one.

    Both sides get the head's requests, because only the same work compares. How the application is started is the base's own
    affair: its setup, variables, import path, and the name of the application.
    """
    if base is None:
        paths = tuple(_moved(path, head.root, root) for path in head.python_path)
        base = replace(head, root=root, python_path=paths, requests=(), functions=(), service_requests=())
    requests = {case.route: case for case in base.requests}
    functions = {case.route: case for case in base.functions}
    shared = tuple(replace(case, app=requests[case.route].app if case.route in requests else case.app) for case in head.requests)
    calls = tuple(functions.get(case.route, case) for case in head.functions)
    named = {case.route for case in head.cases}
    own = tuple(case for case in base.requests if case.route not in named or case not in shared)
    served = {case.route: case for case in base.service_requests}
    hosts = {service.name: service for service in (*head.services, *base.services)}
    asked = tuple(
        replace(case, service=served[case.route].service if case.route in served else case.service) for case in head.service_requests
    )
    own_asked = tuple(case for case in base.service_requests if case.route not in named or case not in asked)
    lost = tuple(case for case in base.functions if case.route not in named)
    suite = replace(
        base,
        requests=(*shared, *own),
        functions=(*calls, *lost),
        services=tuple(hosts.values()),
        service_requests=(*asked, *own_asked),
        plan=head.plan,
    )
    after = len(head.requests)
    numbers = {number: number if number < after else number + len(own) for number in range(after + len(calls))}
    behind = after + len(own) + len(calls) + len(lost)
    numbers |= {after + len(calls) + index: behind + index for index in range(len(asked))}
    places = {case.route: after + index for index, case in enumerate(own)}
    places |= {case.route: behind + len(asked) + index for index, case in enumerate(own_asked)}
    return Matched(
        suite=suite,
        numbers=numbers,
        twins={number: places[case.route] for number, case in enumerate(head.cases) if case.route in places},
        gone=(
            *(places[case.route] for case in own if case.route not in named),
            *(places[case.route] for case in own_asked if case.route not in named),
            *(after + len(own) + len(calls) + index for index in range(len(lost))),
        ),
        listed=frozenset({*requests, *functions, *served}),
    )


def _moved(path: str, origin: str, root: str) -> str:
    return str(Path(root, os.path.relpath(path, origin)))

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
        base = replace(head, root=root, python_path=paths, requests=(), functions=())
    requests = {case.route: case for case in base.requests}
    functions = {case.route: case for case in base.functions}
    shared = tuple(replace(case, app=requests[case.route].app if case.route in requests else case.app) for case in head.requests)
    calls = tuple(functions.get(case.route, case) for case in head.functions)
    named = {case.route for case in head.cases}
    own = tuple(case for case in base.requests if case.route not in named or case not in shared)
    lost = tuple(case for case in base.functions if case.route not in named)
    suite = replace(base, requests=(*shared, *own), functions=(*calls, *lost), plan=head.plan)
    after = len(head.requests)
    numbers = {number: number if number < after else number + len(own) for number in range(after + len(calls))}
    places = {case.route: after + index for index, case in enumerate(own)}
    return Matched(
        suite=suite,
        numbers=numbers,
        twins={number: places[case.route] for number, case in enumerate(shared) if case.route in places},
        gone=(
            *(places[case.route] for case in own if case.route not in named),
            *(after + len(own) + len(calls) + index for index in range(len(lost))),
        ),
        listed=frozenset({*requests, *functions}),
    )


def _moved(path: str, origin: str, root: str) -> str:
    return str(Path(root, os.path.relpath(path, origin)))

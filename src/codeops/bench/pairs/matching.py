"""Matching: which case of the base stands for which case of the head."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, chain
from pathlib import Path
from typing import TypeVar

from codeops.core.suite import RequestCase, ServiceCase, Suite

__all__ = ["Matched", "match"]

_Asked = TypeVar("_Asked", RequestCase, ServiceCase)


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
    base = base or _bare(head, root)
    functions = {case.route: case for case in base.functions}
    named = {case.route for case in head.cases}
    requests = tuple(_started(case, base.requests, "app") for case in head.requests)
    calls = tuple(functions.get(case.route, case) for case in head.functions)
    served = tuple(_started(case, base.service_requests, "service") for case in head.service_requests)
    groups = (
        requests,
        tuple(case for case in base.requests if case.route not in named or case not in requests),
        calls,
        tuple(case for case in base.functions if case.route not in named),
        served,
        tuple(case for case in base.service_requests if case.route not in named or case not in served),
    )
    suite = replace(
        base,
        requests=groups[0] + groups[1],
        functions=groups[2] + groups[3],
        service_requests=groups[4] + groups[5],
        services=tuple({service.name: service for service in (*head.services, *base.services)}.values()),
        plan=head.plan,
    )
    return _matched(head, suite, [len(group) for group in groups], frozenset(case.route for case in base.cases))


def _bare(head: Suite, root: str) -> Suite:
    """What a folder without a configuration is measured with."""
    paths = tuple(_moved(path, head.root, root) for path in head.python_path)
    return replace(head, root=root, python_path=paths, requests=(), functions=(), service_requests=())


def _started(case: _Asked, others: Iterable[_Asked], start: str) -> _Asked:
    """The head's request, to what the base names as its `start`."""
    own = next((other for other in others if other.route == case.route), None)
    return case if own is None else replace(case, **{start: getattr(own, start)})


def _matched(head: Suite, suite: Suite, sizes: Sequence[int], listed: frozenset[str]) -> Matched:
    """Where everything stands: groups of the `sizes` follow each other, in turns the head's and what only the base says."""
    ends = list(accumulate(sizes))
    places = [range(end - size, end) for size, end in zip(sizes, ends, strict=True)]
    rest, cases = list(chain(*places[1::2])), suite.cases
    own = {cases[number].route: number for number in rest}
    named = {case.route for case in head.cases}
    return Matched(
        suite=suite,
        numbers=dict(enumerate(chain(*places[::2]))),
        twins={number: own[case.route] for number, case in enumerate(head.cases) if case.route in own},
        gone=tuple(number for number in rest if cases[number].route not in named),
        listed=listed,
    )


def _moved(path: str, origin: str, root: str) -> str:
    return str(Path(root, os.path.relpath(path, origin)))

"""A whole suite measured: requests and functions in a worker, pytest's benchmarks in another."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from codeops.bench import sampler, snapshot, summary
from codeops.bench.block import Block
from codeops.bench.process import Worker
from codeops.core.errors import EmptySuite, FailedCall, InvalidValue
from codeops.core.snapshot import RouteUsage
from codeops.core.suite import FunctionCase, RequestCase, Suite

__all__ = ["Progress", "measure"]

_NO_TESTS = 5
"""The exit status with which pytest says that it collected nothing."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a measurement is. Units: `done` and `total` count routes and jobs; `done` has a part for the one in work."""

    route: str
    done: float
    total: int


def measure(suite: Suite, *, on_progress: Callable[[Progress], None] | None = None) -> dict[str, RouteUsage]:
    """The usage of one request of each route and one call of each job, without prices, in the order of the suite.

    Raises: SuiteError for whatever keeps something of the suite from being measured.
    """
    cases: tuple[RequestCase | FunctionCase, ...] = (*suite.requests, *suite.functions)
    total = len(cases) + bool(suite.pytest)
    tell = on_progress or (lambda _: None)
    routes: dict[str, RouteUsage] = {}
    if cases:
        with Worker(suite.root, suite.env, suite.plan.timeout_s) as worker:
            tell(Progress("", 0, total))
            worker.ask("open", suite=suite)
            for number, case in enumerate(cases):
                blocks = _sample(worker, suite, number, lambda part, case=case, done=number: tell(Progress(case.route, done + part, total)))  # type: ignore[misc]
                _add(routes, case.route, _summarise(case, blocks, suite.root))
    if suite.pytest:
        tell(Progress("pytest", len(cases), total))
        for route, usage in _measure_pytest(suite).items():
            _add(routes, route, usage)
        tell(Progress("pytest", total, total))
    return routes


def _sample(worker: Worker, suite: Suite, number: int, on_progress: Callable[[float], None]) -> list[Block]:
    def block(start: int, requests: int) -> Block:
        return msgspec.convert(worker.ask("measure", case=number, start=start, requests=requests), Block)

    return sampler.sample(suite.plan, block, on_progress)


def _summarise(case: RequestCase | FunctionCase, blocks: list[Block], root: str) -> RouteUsage:
    if isinstance(case, FunctionCase):
        return summary.summarise(blocks, root, kind=case.kind, unit=case.unit, units=case.units)
    return summary.summarise(blocks, root)


def _add(routes: dict[str, RouteUsage], route: str, usage: RouteUsage) -> None:
    if route in routes:
        raise InvalidValue(
            f"{route} is measured twice", why="two cases of the suite have this route", fix="give each case a route of its own"
        )
    routes[route] = usage


def _measure_pytest(suite: Suite) -> dict[str, RouteUsage]:
    with tempfile.TemporaryDirectory(prefix="codeops-") as folder:
        out = str(Path(folder) / "snapshot.json")
        with Worker(suite.root, suite.env, None) as worker:
            status = worker.ask("pytest", suite=suite, out=out)
            words = worker.last_words()
        if status == _NO_TESTS:
            raise EmptySuite("pytest found no test", why=f"its arguments are {' '.join(suite.pytest)}", fix="correct pytest under [bench]")
        if status:
            raise FailedCall("pytest failed", why=f"exit status {status}; {words}", fix="make the tests pass first: pytest --cost-disable")
        return dict(snapshot.load(out).routes)

"""A whole suite measured: requests and functions in a worker, pytest's benchmarks in another."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from codeops.bench import sampler, snapshot, summary
from codeops.bench.in_pytest.side import demand_success
from codeops.bench.process import Worker
from codeops.bench.side import Side
from codeops.core.errors import InvalidValue
from codeops.core.snapshot import RouteUsage
from codeops.core.suite import Suite
from codeops.keeper import temporary_folder

__all__ = ["Progress", "measure", "measure_pytest"]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a measurement is. Units: `done` and `total` count routes and jobs; `done` has a part for the one in work."""

    route: str
    done: float
    total: int


def measure(suite: Suite, *, on_progress: Callable[[Progress], None] | None = None) -> dict[str, RouteUsage]:
    """The usage of one request of each route and one call of each job, without prices, in the order of the suite.

    Raises: SuiteError for whatever keeps something of the suite from being measured; UnknownName for a selection of nothing.
    """
    count = len(suite.cases)
    total = count + bool(suite.pytest)
    tell = on_progress or (lambda _: None)
    routes: dict[str, RouteUsage] = {}
    if count:
        with Side(suite) as side:
            tell(Progress("", 0, total))
            side.demand_ready()
            for number, case in enumerate(side.cases):
                blocks = sampler.sample(
                    suite.plan,
                    partial(side.measure, number),
                    lambda part, case=case, done=number: tell(Progress(case.route, done + part, total)),  # type: ignore[misc]
                )
                _add(routes, case.route, summary.of_case(case, blocks, suite.root))
    if suite.pytest:
        tell(Progress("pytest", count, total))
        for route, usage in measure_pytest(suite).items():
            _add(routes, route, usage)
        suite.selection.demand(routes, is_complete=False)
        tell(Progress("pytest", total, total))
    return routes


def _add(routes: dict[str, RouteUsage], route: str, usage: RouteUsage) -> None:
    if route in routes:
        raise InvalidValue(
            f"{route} is measured twice", why="two cases of the suite have this route", fix="give each case a route of its own"
        )
    routes[route] = usage


def measure_pytest(suite: Suite) -> dict[str, RouteUsage]:
    """The usage of each benchmark among the suite's tests that is selected.

    Raises: EmptySuite, FailedCall.
    """
    with temporary_folder("codeops-pytest-") as folder:
        out = str(Path(folder) / "snapshot.json")
        with Worker(suite.root, suite.env, None) as worker:
            status = worker.ask("pytest", suite=suite, out=out)
            demand_success(suite, status, worker)
        return {} if status else dict(snapshot.load(out).routes)

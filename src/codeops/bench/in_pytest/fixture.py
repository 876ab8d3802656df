"""What stands behind the `cost` fixture: one function measured in the test's own process."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, NoReturn, Protocol

import pytest

from codeops._version import __version__
from codeops.bench import environment, sampler, snapshot, summary
from codeops.bench.memory.gauge import Gauge, own_gauge
from codeops.bench.work import Work
from codeops.core.errors import CodeOpsError, InvalidValue, UnsupportedRunner
from codeops.core.figure import amount
from codeops.core.meter import CPU
from codeops.core.snapshot import MeterUsage, RouteUsage, Snapshot, SnapshotMeta
from codeops.core.suite import Plan
from codeops.instrument import hooks
from codeops.repository import revision

__all__ = ["Benchmark", "Results", "Taker", "measured_twice"]

_OPTIONS = ("route", "job", "unit", "units")


class Taker(Protocol):
    """What measures the functions of a run; `gauge` tells their memory."""

    gauge: Gauge

    def take(self, route: str, options: dict[str, Any], work: Work) -> None:
        """Measures the work of a route; `options` are what its marker says.

        Raises: CodeOpsError for what cannot be measured; what the function raises.
        """


class Results:
    """Measures one after another; what the tests of a run measured, by route."""

    def __init__(self, root: str, plan: Plan) -> None:
        self.root, self._plan = root, plan
        self.gauge = own_gauge(plan.memory)
        self.routes: dict[str, RouteUsage] = {}

    def take(self, route: str, options: dict[str, Any], work: Work) -> None:
        """Measures the work and keeps its usage.

        Raises: InvalidValue for a route that another test has measured.
        """
        if route in self.routes:
            raise measured_twice(route)
        blocks = sampler.sample(self._plan, work.measure, lambda _: None)
        unit, units = (str(options.get(name, "")) for name in ("unit", "units"))
        self.routes[route] = summary.summarise(blocks, self.root, kind="job" if "job" in options else "route", unit=unit, units=units)

    def table(self) -> list[str]:
        """The lines that pytest prints: route, CPU time, calls, samples."""
        rows = [("route", "CPU", "calls", "samples")]
        rows += [
            (name, amount(route.cpu_s or route.usage[0].mean, "vCPU.s"), _calls(route.usage), str(route.samples))
            for name, route in sorted(self.routes.items())
        ]
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        return [
            "  ".join([row[0].ljust(widths[0]), row[1].rjust(widths[1]), row[2].ljust(widths[2]), row[3].rjust(7)]).rstrip() for row in rows
        ]

    def save(self, path: str) -> None:
        """Writes a snapshot without prices."""
        sha, is_dirty = revision.read(self.root)
        meta = SnapshotMeta(
            git_sha=sha,
            dirty=is_dirty,
            created_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            codeops=__version__,
            environment=environment.read(memory=self._plan.memory),
        )
        snapshot.save(Snapshot(meta=meta, routes=self.routes), path)


class Benchmark:
    """The fixture's value: call it with the function to measure and its arguments."""

    def __init__(self, taker: Taker, root: str, route: str, options: dict[str, Any], *, is_disabled: bool, is_distributed: bool) -> None:
        self._taker, self._root, self._route, self._options = taker, root, route, options
        self._is_disabled, self._is_distributed = is_disabled, is_distributed
        self._works: list[Work] = []

    def __call__(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """What the last call of `function` returns; an exception of it passes through."""
        __tracebackhide__ = True
        work = Work(function, args, kwargs, self._root, self._taker.gauge)
        self._works.append(work)
        try:
            self._demand_measurable()
            self._take(work)
        except CodeOpsError as problem:
            _refuse(problem)
        return work.returned

    def _take(self, work: Work) -> None:
        if self._is_disabled:
            work.once()
        else:
            self._taker.take(self._route, self._options, work)

    def close(self) -> None:
        """Ends what the measurements needed."""
        for work in self._works:
            work.close()

    def _demand_measurable(self) -> None:
        if self._is_distributed and not self._is_disabled:
            raise UnsupportedRunner(
                "costs cannot be measured under pytest-xdist",
                why="its workers run at the same time and take each other's processor",
                fix="pytest -n 0, or pytest --cost-disable to run the tests without measuring",
            )
        if not self._is_disabled and not hooks.installed():
            raise UnsupportedRunner(
                "costs cannot be measured, because calls were not counted from the start",
                why="no test names the fixture cost among its arguments, and what was connected before it was asked for is not counted",
                fix="def test_...(cost): ..., instead of request.getfixturevalue('cost')",
            )
        with suppress(RuntimeError):
            asyncio.get_running_loop()
            raise UnsupportedRunner(
                "costs cannot be measured inside a running event loop",
                why="the test is async itself, and its loop would be measured with it",
                fix="make the test a plain function and pass the async one: cost(function, ...)",
            )
        for name in self._options:
            if name not in _OPTIONS:
                raise InvalidValue(f"the marker cost has no {name}", why=f"it knows {', '.join(_OPTIONS)}", fix="correct the name")
        if self._options.keys() >= {"route", "job"}:
            raise InvalidValue("the marker cost has a route and a job", why="a test measures one of them", fix="keep route, or job")


def measured_twice(route: str) -> InvalidValue:
    """The error about two benchmarks of one route."""
    return InvalidValue(
        f"route {route} is measured twice",
        why="two tests, or two sets of parameters of one, have the same route",
        fix="give each its own: @pytest.mark.cost(route=...), or pytest.param(..., marks=pytest.mark.cost(route=...))",
    )


def _refuse(problem: CodeOpsError) -> NoReturn:
    __tracebackhide__ = True
    pytest.fail(problem.explain(), pytrace=False)


def _calls(usage: tuple[MeterUsage, ...]) -> str:
    """Everything that was counted, in words: `5 aws.s3.get, 2 db.query`."""
    totals: dict[str, Any] = {}
    for line in usage:
        if line.unit.startswith("{") and line.meter != CPU:
            totals[line.meter] = totals.get(line.meter, 0) + line.mean
    return ", ".join(f"{total:f} {meter}" for meter, total in totals.items())

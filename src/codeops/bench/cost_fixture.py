"""What stands behind the `cost` fixture: one function measured in the test's own process."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, NoReturn

import pytest

from codeops._version import __version__
from codeops.bench import environment, memory, sampler, snapshot, summary
from codeops.bench.block import Block, Stopwatch
from codeops.core.errors import CodeOpsError, InvalidValue, UnsupportedRunner
from codeops.core.figure import amount
from codeops.core.meter import CPU
from codeops.core.snapshot import MeterUsage, RouteUsage, Snapshot, SnapshotMeta
from codeops.core.suite import Plan
from codeops.instrument import guard
from codeops.instrument.tasks import task_factory
from codeops.repository import revision

__all__ = ["Benchmark", "Results"]

_OPTIONS = ("route", "job", "unit", "units")


class Results:
    """What the tests of one run measured, by route."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.routes: dict[str, RouteUsage] = {}

    def add(self, route: str, usage: RouteUsage) -> None:
        """Keeps the usage of a route.

        Raises: InvalidValue for a route that another test has measured.
        """
        if route in self.routes:
            raise InvalidValue(
                f"route {route} is measured twice",
                why="two tests, or two sets of parameters of one, have the same route",
                fix="give each its own: @pytest.mark.cost(route=...), or pytest.param(..., marks=pytest.mark.cost(route=...))",
            )
        self.routes[route] = usage

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
            environment=environment.read(),
        )
        snapshot.save(Snapshot(meta=meta, routes=self.routes), path)


class Benchmark:
    """The fixture's value: call it with the function to measure and its arguments."""

    def __init__(
        self, results: Results, plan: Plan, route: str, options: dict[str, Any], *, is_disabled: bool, is_distributed: bool
    ) -> None:
        self._results, self._plan, self._route, self._options = results, plan, route, options
        self._is_disabled, self._is_distributed = is_disabled, is_distributed
        self._loop: asyncio.AbstractEventLoop | None = None
        self._returned: Any = None

    def __call__(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """What the last call of `function` returns; an exception of it passes through."""
        __tracebackhide__ = True
        try:
            self._demand_measurable()
        except CodeOpsError as problem:
            _refuse(problem)
        is_async = inspect.iscoroutinefunction(function)
        if self._is_disabled:
            return self._event_loop().run_until_complete(function(*args, **kwargs)) if is_async else function(*args, **kwargs)
        usage = self._measure(lambda: function(*args, **kwargs), is_async=is_async)
        try:
            self._results.add(self._route, usage)
        except CodeOpsError as problem:
            _refuse(problem)
        return self._returned

    def close(self) -> None:
        """Ends the event loop, if one was needed."""
        if self._loop is not None:
            self._loop.close()

    def _measure(self, call: Callable[[], Any], *, is_async: bool) -> RouteUsage:
        """The usage of one call."""
        idle_bytes = memory.resident_bytes()
        root = self._results.root

        def block(_start: int, requests: int) -> Block:
            known, watch = len(guard.problems), Stopwatch(root, idle_bytes)
            if is_async:
                self._event_loop().run_until_complete(self._repeat_async(call, watch, requests))
            else:
                self._repeat(call, watch, requests)
            for problem in guard.problems[known:]:
                raise problem
            return watch.finish()

        blocks = sampler.sample(self._plan, block, lambda _: None)
        unit, units = (str(self._options.get(name, "")) for name in ("unit", "units"))
        return summary.summarise(blocks, root, kind="job" if "job" in self._options else "route", unit=unit, units=units)

    def _repeat(self, call: Callable[[], Any], watch: Stopwatch, requests: int) -> None:
        for _ in range(requests):
            with watch.request():
                self._returned = call()

    async def _repeat_async(self, call: Callable[[], Awaitable[Any]], watch: Stopwatch, requests: int) -> None:
        for _ in range(requests):
            with watch.request():
                self._returned = await call()

    def _event_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._loop.set_task_factory(task_factory)
        return self._loop

    def _demand_measurable(self) -> None:
        if self._is_distributed and not self._is_disabled:
            raise UnsupportedRunner(
                "costs cannot be measured under pytest-xdist",
                why="its workers run at the same time and take each other's processor",
                fix="pytest -n 0, or pytest --cost-disable to run the tests without measuring",
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

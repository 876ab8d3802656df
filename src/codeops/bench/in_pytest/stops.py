"""Pytest's benchmarks in a comparison: the run stops inside each test, where its function is ready, and is asked from outside.

Two runs of pytest, of base and head, stop at the same benchmark, are measured in turns, and go on to the next one together.
The conversation: `routes` that were collected; `select` those to stop at, in this order; each stop tells its route; there it
answers `measure`, `time`, `count`, `profile` and `settle` until `next`; the end tells pytest's exit status.
"""

import sys
from typing import Any

import pytest

from codeops.bench.desk import Desk
from codeops.bench.in_pytest.fixture import measured_twice
from codeops.bench.in_pytest.plugin import measures, route_of, taker_key
from codeops.bench.lap import settle
from codeops.bench.memory.gauge import own_gauge
from codeops.bench.relocation import demand_own_code
from codeops.bench.target import failure
from codeops.bench.work import Work
from codeops.core.errors import CodeOpsError
from codeops.core.suite import Suite

__all__ = ["PairsPlugin"]


class PairsPlugin:
    """Lets somebody at the other end of `desk` measure; what was found under `origin` must have been found in `place`."""

    def __init__(self, desk: Desk, suite: Suite, origin: str, place: str) -> None:
        self._desk, self._selection, self._root, self._origin, self._place = desk, suite.selection, suite.root, origin, place
        self.gauge = own_gauge(suite.plan.memory)
        self._taken: set[str] = set()

    def pytest_configure(self, config: pytest.Config) -> None:
        """Takes what the fixture has to measure."""
        config.stash[taker_key] = self

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        """Leaves the benchmarks that are asked for, in the order that is asked for."""
        if session.testsfailed:
            return  # pytest ends now, and its exit status is the answer
        found: dict[str, list[pytest.Item]] = {}
        for item in items:
            if measures(item) and self._selection.takes(route_of(item)):
                found.setdefault(route_of(item), []).append(item)
        try:
            if self._origin:
                demand_own_code(self._origin, self._place, list(sys.modules.values()))
        except CodeOpsError as problem:
            self._desk.refuse(problem)
        else:
            self._desk.answer({"routes": list(found)})
        wanted = self._heard()["routes"]
        items[:] = [item for route in wanted for item in found.get(route, ())]

    def take(self, route: str, options: dict[str, Any], work: Work) -> None:
        """Stops at a benchmark until it is told to go on.

        Raises: InvalidValue for a second benchmark of the route; what the function raises.
        """
        if route in self._taken:
            raise measured_twice(route)
        self._taken.add(route)
        texts = {name: str(options.get(name, "")) for name in ("unit", "units")}
        self._desk.answer({"route": route, "call": "pytest", "kind": "job" if "job" in options else "route", **texts})
        while (command := self._heard())["name"] != "next":
            try:
                result = _carry_out(work, command)
            except Exception as problem:
                self._desk.refuse(failure(route, problem, self._root))
                raise
            self._desk.answer(result)

    def _heard(self) -> dict[str, Any]:
        command = self._desk.hear()
        if command is None or command["name"] == "close":
            self._desk.leave(command or {"name": "close"})
            pytest.exit("nobody measures any more", returncode=1)
        return command


def _carry_out(work: Work, command: dict[str, Any]) -> object:
    match command["name"]:
        case "measure":
            return work.measure(command["start"], command["requests"])
        case "time":
            return work.time(command["washing"], command["requests"], command["processor"])
        case "count":
            return work.count(command["washing"], command["requests"], command["counter"])
        case "profile":
            return work.profile(command["seconds"], command["processor"])
        case _:
            settle()
            return None

"""One side of a comparison of pytest's benchmarks: a run of pytest that stops at each of them."""

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

import msgspec

from codeops.bench.block import Block
from codeops.bench.lap import Lap
from codeops.bench.process import Worker
from codeops.bench.profiles.profile import Profile
from codeops.bench.side import Start
from codeops.core.errors import CodeOpsError, EmptySuite, FailedCall
from codeops.core.suite import FunctionCase, Suite

__all__ = ["PytestSide", "demand_success"]

_NO_TESTS = 5
"""The exit status with which pytest says that it collected nothing."""


class PytestSide:
    """The conversation that `codeops.bench.in_pytest.stops` describes; a context manager that leaves nothing behind.

    `case` is the benchmark that the run has stopped at, None before the first and at the end; `failure` what went wrong there last.
    """

    def __init__(self, suite: Suite, start: Start) -> None:
        self.suite = suite
        self.case: FunctionCase | None = None
        self.failure: CodeOpsError | None = None
        self._is_left = False
        self._status: int | None = None
        self._worker = Worker(suite.root, {**suite.env, **start.env}, None, start.command)
        self._worker.tell("pytest in pairs", suite=suite, origin=start.origin, place=start.place or suite.root)

    def routes(self) -> list[str]:
        """The routes and jobs of the benchmarks that were collected.

        Raises: EmptySuite, FailedCall; UnimportableTarget for code of the other side.
        """
        answer = self._worker.answer()
        if "routes" not in answer:
            self._status = answer["status"]
            self.demand_success()
            return []
        found: list[str] = answer["routes"]
        return found

    def select(self, routes: Sequence[str]) -> None:
        """Goes to the first of these benchmarks; the others are left out."""
        self._arrive(self._worker.ask("select", routes=routes))

    def next(self) -> None:
        """Goes to the next benchmark, or to the end; what a test does around its benchmark is done meanwhile."""
        # A function that raised has ended its test, and the run is on its way already.
        self._arrive(self._worker.answer() if self._is_left else self._worker.ask("next"))

    def _arrive(self, answer: dict[str, Any]) -> None:
        self._is_left = False
        if "status" in answer:
            self.case, self._status = None, answer["status"]
        else:
            self.case = msgspec.convert(answer, FunctionCase)

    def demand_success(self) -> None:
        """Nothing, or the error that pytest ended with.

        Raises: EmptySuite, FailedCall.
        """
        demand_success(self.suite, self._status or 0, self._worker)

    def measure(self, _number: int, start: int, requests: int) -> Block:
        """Calls of the benchmark, each one counted.

        Raises: SuiteError.
        """
        return msgspec.convert(self._ask("measure", start=start, requests=requests), Block)

    def time(self, _number: int, start: int, washing: int, requests: int, processor: int = -1) -> Lap:
        """A lap of the benchmark with nothing counted.

        Raises: SuiteError.
        """
        return msgspec.convert(self._ask("time", start=start, washing=washing, requests=requests, processor=processor), Lap)

    def count(self, _number: int, start: int, washing: int, requests: int, counter: str) -> int:
        """How many instructions calls of the benchmark take together; see `codeops.bench.counters.registry`.

        Raises: SuiteError, UnsupportedCounter.
        """
        return msgspec.convert(self._ask("count", start=start, washing=washing, requests=requests, counter=counter), int)

    def profile(self, _number: int, start: int, seconds: float, processor: int = -1) -> Profile:
        """Where the benchmark spends its CPU, in calls that are made for `seconds` of it; the looks use `processor`.

        Raises: SuiteError.
        """
        return msgspec.convert(self._ask("profile", start=start, seconds=seconds, processor=processor), Profile)

    def settle(self) -> None:
        """Takes what lives now out of the garbage collector's sight."""
        self._ask("settle")

    def _ask(self, name: str, **details: object) -> object:
        try:
            return self._worker.ask(name, **details)
        except CodeOpsError as problem:
            self.failure, self._is_left = problem, True
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None) -> None:
        self._worker.end()


def demand_success(suite: Suite, status: int, worker: Worker) -> None:
    """Nothing, or the error that pytest's exit status stands for.

    Raises: EmptySuite, FailedCall.
    """
    if status == _NO_TESTS and suite.selection.is_all:
        raise EmptySuite("pytest found no test", why=f"its arguments are {' '.join(suite.pytest)}", fix="correct pytest under [bench]")
    if status not in {0, _NO_TESTS}:
        why = f"exit status {status}; {worker.last_words()}"
        raise FailedCall("pytest failed", why=why, fix="make the tests pass first: pytest --cost-disable")

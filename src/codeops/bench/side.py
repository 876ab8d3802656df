"""One side of a comparison: a suite open in a worker, and how to make requests of its cases."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self

import msgspec

from codeops.bench.block import Block
from codeops.bench.lap import Lap
from codeops.bench.process import Worker, error_of
from codeops.bench.profiles.profile import Profile
from codeops.core.errors import CodeOpsError
from codeops.core.suite import Suite

__all__ = ["Side", "Start", "Subject"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """How a side's worker is started.

    `command` starts its interpreter, `env` is added to the suite's own. What the environment finds in the folder `origin` is found in
    `place` instead, the suite's own folder if empty; without `origin` everything is where the environment says. It may take `slowness`
    times as long for an answer as the suite allows.
    """

    command: Sequence[str] = (sys.executable,)
    env: Mapping[str, str] = field(default_factory=dict)
    origin: str = ""
    place: str = ""
    slowness: int = 1


class Subject(Protocol):
    """What is measured in pairs: see `Side` for the methods; `number` says which case, where there are several."""

    def measure(self, number: int, start: int, requests: int, /) -> Block:
        """Requests, each one counted."""

    def time(self, number: int, start: int, washing: int, requests: int, processor: int = -1, /) -> Lap:
        """A lap with nothing counted."""

    def count(self, number: int, start: int, washing: int, requests: int, counter: str, /) -> int:
        """How many instructions requests take together."""

    def settle(self) -> None:
        """Takes what lives now out of the garbage collector's sight."""

    def profile(self, number: int, start: int, seconds: float, processor: int = -1, /) -> Profile:
        """Where the CPU is spent."""


class Side:
    """A suite, opened in two steps so that two sides can start at the same time; a context manager that leaves nothing behind.

    `failure` is the last thing that went wrong when requests were made, `failed_route` the route that they were of.
    """

    def __init__(self, suite: Suite, start: Start | None = None) -> None:
        how = start or Start()
        self.suite = suite
        self.cases = suite.cases
        self.problems: list[CodeOpsError | None] = []
        self.failure: CodeOpsError | None = None
        self.failed_route = ""
        self._worker = Worker(suite.root, {**suite.env, **how.env}, suite.plan.timeout_s * how.slowness, how.command)
        self._worker.tell("open", suite=suite, origin=how.origin, place=how.place or suite.root)

    def wait(self) -> Self:
        """Waits until the suite is open; `problems` then tells why each case that cannot be measured cannot.

        Raises: SuiteError when nothing can be.
        """
        self.problems = [spelled and error_of(spelled) for spelled in self._worker.answer()]
        return self

    def demand_ready(self) -> None:
        """Waits until the suite is open.

        Raises: SuiteError for the first case that cannot be measured.
        """
        for problem in self.wait().problems:
            if problem is not None:
                raise problem

    def measure(self, number: int, start: int, requests: int) -> Block:
        """Requests of the case `number`, each one counted; the first with the iteration number `start`.

        Raises: SuiteError.
        """
        return msgspec.convert(self._ask("measure", number, start=start, requests=requests), Block)

    def time(self, number: int, start: int, washing: int, requests: int, processor: int = -1) -> Lap:
        """A lap of the case `number` with nothing counted, on one `processor` if it is not negative.

        Raises: SuiteError.
        """
        return msgspec.convert(self._ask("time", number, start=start, washing=washing, requests=requests, processor=processor), Lap)

    def count(self, number: int, start: int, washing: int, requests: int, counter: str) -> int:
        """How many instructions requests of the case `number` take together; see `codeops.bench.counters.registry`.

        Raises: SuiteError, UnsupportedCounter.
        """
        counted = self._ask("count", number, start=start, washing=washing, requests=requests, counter=counter)
        return msgspec.convert(counted, int)

    def profile(self, number: int, start: int, seconds: float, processor: int = -1) -> Profile:
        """Where the case `number` spends its CPU, in requests that are made for `seconds` of it; the looks use `processor`.

        Raises: SuiteError.
        """
        return msgspec.convert(self._ask("profile", number, start=start, seconds=seconds, processor=processor), Profile)

    def settle(self) -> None:
        """Takes what lives now out of the garbage collector's sight."""
        self._worker.ask("settle")

    def _ask(self, name: str, number: int, **details: object) -> object:
        try:
            return self._worker.ask(name, case=number, **details)
        except CodeOpsError as problem:
            self.failure, self.failed_route = problem, self.cases[number].route
            raise

    def end(self) -> None:
        """Ends the worker with all that it started."""
        self._worker.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None) -> None:
        self.end()

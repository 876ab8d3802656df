"""A suite that is open in the process that measures: its applications started, its cases ready."""

import asyncio
import os
import sys
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codeops.bench import asgi, case, target
from codeops.bench.block import Block, Stopwatch
from codeops.bench.counters.registry import COUNTERS
from codeops.bench.lap import Clock, Lap, drive, pin, repeat
from codeops.bench.memory.gauge import Gauge, own_gauge
from codeops.bench.profiles.profile import Profile, profiled
from codeops.bench.relocation import demand_own_code, relocate
from codeops.core.errors import Bug, CodeOpsError, UnsupportedCounter
from codeops.core.suite import RequestCase, ServiceCase, Suite
from codeops.instrument import guard, hooks
from codeops.instrument.memory.resident import resident_bytes
from codeops.instrument.recorder import Tally
from codeops.instrument.tasks import task_factory

if TYPE_CHECKING:
    from codeops.bench.serving.exchange import Exchange, Host

__all__ = ["Session", "extend_path"]


class Session:
    """Cases count requests first, then functions, then requests to services."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._loop = asyncio.new_event_loop()
        self._loop.set_task_factory(task_factory)
        self._cases: list[case.Ready | Exchange | CodeOpsError] = []
        self._hosts: dict[str, Host | CodeOpsError] = {}
        self._apps: dict[str, tuple[Any, dict[str, Any]] | CodeOpsError] = {}
        self._root = ""
        self._idle_bytes: int | None = None
        self._gauge: Gauge = own_gauge("peak")

    def open(self, suite: Suite, origin: str = "", place: str = "") -> list[CodeOpsError | None]:
        """Enters the setup, imports what the suite names, and starts the applications; why each case that is not ready is not.

        What the environment finds in the folder `origin` is found in `place` instead.

        Raises: UnimportableTarget, FailedCall for the setup, without which nothing can be measured; UnimportableTarget when code
        of `origin` was imported.
        """
        self._root = os.path.realpath(suite.root)
        extend_path(suite)
        if origin:
            relocate(os.path.realpath(origin), os.path.realpath(place))
        hooks.install()
        if suite.setup:
            target.enter(suite.setup, self._stack, self._root)
        self._cases = [_attempt(partial(self._request, request)) for request in suite.requests]
        self._cases += [_attempt(partial(case.ready_function, function, self._root)) for function in suite.functions]
        self._cases += [_attempt(partial(self._exchange, suite, request)) for request in suite.service_requests]
        if origin:
            demand_own_code(os.path.realpath(origin), os.path.realpath(place), list(sys.modules.values()))
        self._gauge = own_gauge(suite.plan.memory)
        self._stack.callback(self._gauge.close)
        self._idle_bytes = resident_bytes()
        return [one if isinstance(one, CodeOpsError) else None for one in self._cases]

    def _exchange(self, suite: Suite, request: ServiceCase) -> "Exchange":
        from codeops.bench.serving.exchange import Exchange

        if request.service not in self._hosts:
            self._hosts[request.service] = _attempt(partial(self._serve, suite, request.service))
        host = self._hosts[request.service]
        if isinstance(host, CodeOpsError):
            raise host
        return Exchange(request, host, self._root)

    def _serve(self, suite: Suite, name: str) -> "Host":
        from codeops.bench.serving.exchange import Host

        service = next(service for service in suite.services if service.name == name)
        host = Host(service, self._root, suite.plan)
        self._stack.callback(host.close)
        return host

    def _request(self, request: RequestCase) -> case.Ready:
        if request.app not in self._apps:
            self._apps[request.app] = _attempt(partial(self._start, request.app))
        app = self._apps[request.app]
        if isinstance(app, CodeOpsError):
            raise app
        return case.ready_request(request, *app)

    def _start(self, name: str) -> tuple[Any, dict[str, Any]]:
        app = case.load_app(name, self._root)
        if not case.is_asgi(app):
            return app, {}
        lifespan = asgi.Lifespan(app, name)
        self._loop.run_until_complete(lifespan.start())
        self._stack.callback(lambda: self._loop.run_until_complete(lifespan.stop()))
        return app, lifespan.state

    def measure(self, number: int, start: int, requests: int) -> Block:
        """`requests` requests of the case `number`, each one counted; the first has the iteration number `start`.

        Raises: FailedCall, UnexpectedStatus; Bug when a hook of ours failed, because a count is then too low.
        """
        with self._making(number) as chosen:
            if not isinstance(chosen, case.Ready):
                return chosen.measure(requests)
            watch = Stopwatch(self._root, self._idle_bytes, self._gauge)
            iterations = range(start, start + requests)
            if chosen.is_async:
                self._loop.run_until_complete(_repeat(chosen, watch, iterations))
            else:
                for iteration in iterations:
                    with watch.request() as tally:
                        chosen.call(iteration, tally)
        return watch.finish()

    def time(self, number: int, start: int, washing: int, requests: int, processor: int) -> Lap:
        """A lap of the case `number` on one processor, with nothing counted.

        Raises: FailedCall, UnexpectedStatus.
        """
        pin(processor)
        with self._making(number) as chosen:
            if not isinstance(chosen, case.Ready):
                return chosen.time(washing, requests, processor)
            clock = Clock()
            self._drive(chosen, start, washing, requests, clock)
            return clock.lap(requests)

    def count(self, number: int, start: int, washing: int, requests: int, counter: str) -> int:
        """How many instructions `requests` requests of the case `number` take together; `counter` is a name of `COUNTERS`.

        Raises: FailedCall, UnexpectedStatus; UnsupportedCounter where this process cannot count so, as for a service's requests.
        """
        with self._making(number) as chosen:
            if not isinstance(chosen, case.Ready):
                why, fix = f"{chosen.what} is answered by another process", "its CPU is timed"
                raise UnsupportedCounter("instructions of a service cannot be counted", why=why, fix=fix)
            region = COUNTERS[counter]()
            self._drive(chosen, start, washing, requests, region)
            return region.counted

    def profile(self, number: int, start: int, seconds: float, processor: int) -> Profile:
        """Where the case `number` spends its CPU, in requests that are made for `seconds` of it; nothing of a service's is seen.

        The looks use `processor`, and the requests all others that there are.

        Raises: FailedCall, UnexpectedStatus.
        """
        with self._making(number) as chosen, profiled(self._root, processor) as found:
            if not isinstance(chosen, case.Ready):
                return Profile()
            repeat(self._uncounted(chosen), start, seconds, self._loop if chosen.is_async else None)
        return found

    def close(self) -> None:
        """Ends applications and setup, in the reverse order of their start; a second time there is nothing left to end."""
        try:
            self._stack.close()
        finally:
            self._loop.close()

    def _drive(self, chosen: case.Ready, start: int, washing: int, requests: int, around: AbstractContextManager[object]) -> None:
        drive(self._uncounted(chosen), start, washing, requests, self._loop if chosen.is_async else None, around)

    def _uncounted(self, chosen: case.Ready) -> Callable[[int], Any]:
        unheeded = Tally(self._root)
        return lambda iteration: chosen.call(iteration, unheeded)

    @contextmanager
    def _making(self, number: int) -> Generator["case.Ready | Exchange"]:
        """The case to make requests of; what goes wrong meanwhile is told as the case's failure."""
        chosen = self._cases[number]
        if isinstance(chosen, CodeOpsError):
            raise chosen
        known = len(guard.problems)
        try:
            yield chosen
        except Exception as problem:
            raise target.failure(chosen.what, problem, self._root) from problem
        if len(guard.problems) > known:
            raise _hook_failure(chosen.what, guard.problems[known], self._root) from guard.problems[known]


def extend_path(suite: Suite) -> None:
    """Puts the project's folders first on the import path."""
    root = Path(suite.root).resolve()
    sys.path[:0] = [str(root), *(str((root / path).resolve()) for path in suite.python_path)]


def _attempt(make: Callable[[], Any]) -> Any:
    try:
        return make()
    except CodeOpsError as problem:
        return problem


async def _repeat(chosen: case.Ready, watch: Stopwatch, iterations: range) -> None:
    for iteration in iterations:
        with watch.request() as tally:
            await chosen.call(iteration, tally)


def _hook_failure(what: str, problem: Exception, root: str) -> CodeOpsError:
    if isinstance(problem, CodeOpsError):
        problem.location = problem.location or target.place(problem.__traceback__, root)
        return problem
    return Bug(
        f"{what} could not be counted",
        why=f"{type(problem).__name__}: {problem}",
        fix="report it with this message and the versions of the libraries that the code calls",
    )

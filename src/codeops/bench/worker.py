"""The process that measures: it keeps the suite open and answers commands, one JSON object a line, over its own socket.

| command | answer |
|---|---|
| `{"name": "open", "suite": …}` | null, when setup has been entered, every target imported and every lifespan started |
| `{"name": "measure", "case": 0, "start": 5, "requests": 20}` | a `Block`; cases count requests first, then functions |
| `{"name": "pytest", "suite": …, "out": path}` | pytest's exit code |
| `{"name": "close"}` | null, when lifespans and setup have ended |

An answer is `{"result": …}` or `{"error": …}`. Standard output is the user's, who may print to it.
The worker ends, and takes the processes of its group with it, when the other end of the socket is gone.
"""

import asyncio
import contextlib
import os
import select
import signal
import socket
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec

from codeops.bench import asgi, case, memory, target
from codeops.bench.block import Block, Stopwatch
from codeops.core.errors import Bug, CodeOpsError
from codeops.core.suite import Suite
from codeops.instrument import guard, hooks
from codeops.instrument.tasks import task_factory

__all__ = ["Session", "main"]

_GRACE_S = 5.0


class Session:
    """A suite that is open: its applications started, its cases ready."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._loop = asyncio.new_event_loop()
        self._loop.set_task_factory(task_factory)
        self._cases: list[case.Ready] = []
        self._root = ""
        self._idle_bytes: int | None = None

    def open(self, suite: Suite) -> None:
        """Enters the setup, imports what the suite names, and starts the applications.

        Raises: UnimportableTarget, FailedCall.
        """
        self._root = os.path.realpath(suite.root)
        _extend_path(suite)
        hooks.install()
        if suite.setup:
            target.enter(suite.setup, self._stack, self._root)
        apps = {name: self._start(name) for name in dict.fromkeys(request.app for request in suite.requests)}
        self._cases = [case.ready_request(request, *apps[request.app]) for request in suite.requests]
        self._cases += [case.ready_function(function, self._root) for function in suite.functions]
        self._idle_bytes = memory.resident_bytes()

    def _start(self, name: str) -> tuple[Any, dict[str, Any]]:
        app = case.load_app(name, self._root)
        if not case.is_asgi(app):
            return app, {}
        lifespan = asgi.Lifespan(app, name)
        self._loop.run_until_complete(lifespan.start())
        self._stack.callback(lambda: self._loop.run_until_complete(lifespan.stop()))
        return app, lifespan.state

    def measure(self, number: int, start: int, requests: int) -> Block:
        """`requests` requests of the case `number`, the first with the iteration number `start`.

        Raises: FailedCall, UnexpectedStatus; Bug when a hook of ours failed, because a count is then too low.
        """
        chosen = self._cases[number]
        known = len(guard.problems)
        watch = Stopwatch(self._root, self._idle_bytes)
        try:
            if chosen.is_async:
                self._loop.run_until_complete(_repeat(chosen, watch, range(start, start + requests)))
            else:
                for iteration in range(start, start + requests):
                    with watch.request() as tally:
                        chosen.call(iteration, tally)
        except Exception as problem:
            raise target.failure(chosen.what, problem, self._root) from problem
        if len(guard.problems) > known:
            raise _hook_failure(chosen.what, guard.problems[known], self._root) from guard.problems[known]
        return watch.finish()

    def close(self) -> None:
        """Ends applications and setup, in the reverse order of their start."""
        self._stack.close()
        self._loop.close()


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


def _extend_path(suite: Suite) -> None:
    root = Path(suite.root).resolve()
    sys.path[:0] = [str(root), *(str((root / path).resolve()) for path in suite.python_path)]


def _call_pytest(suite: Suite, out: str) -> int:
    import pytest

    from codeops.bench.pytest_plugin import PlanPlugin

    _extend_path(suite)
    hooks.install()
    return int(pytest.main([*suite.pytest, f"--cost-out={out}"], plugins=[PlanPlugin(suite.plan)]))


def _answer(session: Session, command: dict[str, Any]) -> Any:
    match command["name"]:
        case "open":
            return session.open(msgspec.convert(command["suite"], Suite))
        case "measure":
            return session.measure(command["case"], command["start"], command["requests"])
        case "pytest":
            return _call_pytest(msgspec.convert(command["suite"], Suite), command["out"])
        case _:
            return session.close()


def _spell(problem: CodeOpsError) -> dict[str, object]:
    return {
        "slug": problem.slug,
        "title": problem.title,
        "why": problem.why,
        "fix": problem.fix,
        "location": problem.location,
    }


def _watch_parent(channel: socket.socket, orphaned: threading.Event) -> None:
    """Waits until the other end is gone, then ends this process kindly, and after a while with its whole group."""
    poll = select.poll()
    poll.register(channel, select.POLLHUP)
    while not any(event & (select.POLLHUP | select.POLLERR) for _, event in poll.poll()):
        time.sleep(0.05)  # an event of another kind: none is known
    orphaned.set()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE_S)
    os.killpg(0, signal.SIGKILL)


def _leave(_signal: int, _frame: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit(143)


def main(descriptor: int) -> None:
    """Answers commands until told to close, or until nobody is there any more."""
    channel = socket.socket(fileno=descriptor)
    channel.set_inheritable(False)
    signal.signal(signal.SIGTERM, _leave)
    orphaned = threading.Event()
    threading.Thread(target=_watch_parent, args=(channel, orphaned), daemon=True).start()
    session, encoder = Session(), msgspec.json.Encoder()
    is_open = True
    try:
        for line in channel.makefile("rb"):
            command = msgspec.json.decode(line)
            try:
                answer = {"result": _answer(session, command)}
            except CodeOpsError as problem:
                answer = {"error": _spell(problem)}
            channel.sendall(encoder.encode(answer) + b"\n")
            if command["name"] == "close":
                is_open = False
                break
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if is_open:
            with contextlib.suppress(BrokenPipeError):  # nobody reads any more what the user's code prints
                session.close()
        if orphaned.is_set():
            os.killpg(0, signal.SIGKILL)  # nobody else is there to end what setup left behind


if __name__ == "__main__":
    main(int(sys.argv[1]))

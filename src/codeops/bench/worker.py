"""The process that measures: it keeps the suite open and answers commands, one JSON object a line, over its own socket.

| command | answer |
|---|---|
| `{"name": "open", "suite": …, "origin": "", "place": ""}` | for each case null when it is ready, or the error that keeps it from that |
| `{"name": "measure", "case": 0, "start": 5, "requests": 20}` | a `Block` |
| `{"name": "time", "case": 0, "start": 5, "washing": 4, "requests": 20, "processor": 1}` | a `Lap` |
| `{"name": "count", "case": 0, "start": 5, "washing": 4, "requests": 20, "counter": "callgrind"}` | instructions of all requests |
| `{"name": "profile", "case": 0, "start": 5, "seconds": 0.5, "processor": 1}` | a `Profile` |
| `{"name": "settle"}` | null, when what lives is out of the garbage collector's sight |
| `{"name": "pytest", "suite": …, "out": path}` | pytest's exit code |
| `{"name": "pytest in pairs", "suite": …, "origin": "", "place": ""}` | the conversation of `codeops.bench.in_pytest.stops` |
| `{"name": "close"}` | null, when lifespans and setup have ended |

Cases count requests first, then functions, then requests to services. An answer is `{"result": …}` or `{"error": …}`.
Standard output is the user's, who may print to it.
The worker ends, and takes the processes of its group with it, when the other end of the socket is gone.
"""

import contextlib
import os
import select
import signal
import socket
import sys
import threading
import time
from typing import Any

import msgspec

from codeops.bench.desk import Desk, spelled
from codeops.bench.in_pytest import run as pytest_run
from codeops.bench.lap import settle
from codeops.bench.session import Session
from codeops.core.errors import CodeOpsError
from codeops.core.suite import Suite

__all__ = ["main"]

_GRACE_S = 5.0


def _answer(session: Session, desk: Desk, command: dict[str, Any]) -> Any:
    match command["name"]:
        case "open":
            problems = session.open(msgspec.convert(command["suite"], Suite), command["origin"], command["place"])
            return [problem and spelled(problem) for problem in problems]
        case "measure" | "time" | "count" | "profile" as name:
            return getattr(session, name)(command["case"], **{key: command[key] for key in command.keys() - {"name", "case"}})
        case "settle":
            return settle()
        case "pytest" | "pytest in pairs":
            return pytest_run.carry_out(desk, command)
        case _:
            return session.close()


def _watch_parent(channel: socket.socket) -> None:
    """Waits until the other end is gone, then ends this process kindly, and after a while with its whole group."""
    poll = select.poll()
    poll.register(channel, select.POLLHUP)
    while not any(event & (select.POLLHUP | select.POLLERR) for _, event in poll.poll()):
        time.sleep(0.05)  # an event of another kind: none is known
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE_S)
    os.killpg(0, signal.SIGKILL)


class _Ending:
    """Raises once at most, whatever arrives: an exception in the middle of cleaning up would leave the rest behind."""

    def __init__(self) -> None:
        self.has_begun = False

    def __call__(self, _signal: int, _frame: object) -> None:
        if not self.has_begun:
            self.has_begun = True
            raise SystemExit(143)


def _is_orphaned(channel: socket.socket) -> bool:
    poll = select.poll()
    poll.register(channel, select.POLLHUP)
    return any(event & (select.POLLHUP | select.POLLERR) for _, event in poll.poll(0))


def main(descriptor: int) -> None:
    """Answers commands until told to close, or until nobody is there any more."""
    channel = socket.socket(fileno=descriptor)
    channel.set_inheritable(False)
    ending = _Ending()
    signal.signal(signal.SIGTERM, ending)
    threading.Thread(target=_watch_parent, args=(channel,), daemon=True).start()
    session = Session()
    try:
        try:
            _converse(session, Desk(channel))
        finally:
            ending.has_begun = True
    finally:
        try:
            with contextlib.suppress(BrokenPipeError):  # nobody reads any more what the user's code prints
                session.close()
        finally:
            if _is_orphaned(channel):
                os.killpg(0, signal.SIGKILL)  # nobody else is there to end what setup left behind


def _converse(session: Session, desk: Desk) -> None:
    while (command := desk.hear()) is not None:
        try:
            desk.answer(_answer(session, desk, command))
        except CodeOpsError as problem:
            desk.refuse(problem)
        if command["name"] == "close":
            break


if __name__ == "__main__":
    main(int(sys.argv[1]))

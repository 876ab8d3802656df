"""A worker as seen from the outside: started in a group of its own, asked, and always ended with all its children."""

import contextlib
import os
import select
import signal
import socket
import subprocess  # ruff: ignore[suspicious-subprocess-import] - it starts our own worker
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import IO, Any, Self, cast

import msgspec

from codeops.core.errors import CodeOpsError, WorkerDied, leaves
from codeops.core.location import Location

__all__ = ["Worker", "error_of"]

_KEPT_BYTES = 8192
_GRACE_S = 5.0
_SHOWN_LINES = 8


class Worker:
    """One process that measures; a context manager that leaves nothing behind.

    `command` starts the interpreter: another one than this, or one under a tool that counts.
    Units: `timeout_s` seconds that one answer may take, None for any time.
    """

    def __init__(self, root: str, env: Mapping[str, str], timeout_s: float | None, command: Sequence[str] = (sys.executable,)) -> None:
        self._timeout_s = timeout_s
        self._unread = b""
        self._tail = b""
        self._is_busy, self._asked = False, ""
        self._channel, theirs = socket.socketpair()
        command = [*command, "-P", "-m", "codeops.bench.worker", str(theirs.fileno())]
        try:
            self._process = subprocess.Popen(  # ruff: ignore[subprocess-without-shell-equals-true] - our own interpreter and module
                command,
                cwd=root,
                env={**os.environ, **env},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        except OSError as problem:
            self._channel.close()
            raise WorkerDied(
                "the worker cannot be started", why=f"{command[0]} in {root}: {problem.strerror or problem}", fix="correct root or env"
            ) from problem
        finally:
            theirs.close()
        self._reader = threading.Thread(target=self._keep_tail, daemon=True)
        self._reader.start()

    def ask(self, name: str, **details: object) -> Any:
        """The answer to a command.

        Raises: what the worker says went wrong; WorkerDied when it gives no answer.
        """
        self.tell(name, **details)
        return self.answer()

    def tell(self, name: str, **details: object) -> None:
        """Sends a command whose answer is taken later, so that two workers can be at it."""
        self._is_busy, self._asked = True, name
        with contextlib.suppress(OSError):  # a worker that is gone is told with its last words when it should answer
            self._channel.sendall(msgspec.json.encode({"name": name, **details}) + b"\n")

    def answer(self) -> Any:
        """The answer to what the worker was told last.

        Raises: what the worker says went wrong; WorkerDied when it gives no answer.
        """
        answer = msgspec.json.decode(self._line(self._asked))
        self._is_busy = False
        if "error" in answer:
            raise error_of(answer["error"])
        return answer["result"]

    def _line(self, name: str) -> bytes:
        until = None if self._timeout_s is None else time.monotonic() + self._timeout_s
        while b"\n" not in self._unread:
            readable, _, _ = select.select([self._channel], [], [], 0.1)
            data = b""
            if readable:
                with contextlib.suppress(ConnectionError):
                    data = self._channel.recv(1 << 20)
                self._unread += data
            if not data and (readable or self._process.poll() is not None):
                raise self._dead()
            if until is not None and time.monotonic() > until and b"\n" not in self._unread:
                raise self._late(name)
        line, _, self._unread = self._unread.partition(b"\n")
        return line

    def _dead(self) -> WorkerDied:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE_S)
        status = self._process.returncode
        how = f"exit status {status}"
        if status is None:
            how = "it closed its connection"
        elif status < 0:
            how = f"killed by {signal.Signals(-status).name}"
        return WorkerDied("the worker ended before it answered", why=f"{how}; {self.last_words()}", fix="repair what ended the process")

    def _late(self, name: str) -> WorkerDied:
        return WorkerDied(
            f"the worker gave no answer within {self._timeout_s:g} s",
            why=f"it was asked to {name}; {self.last_words()}",
            fix="set timeout_s under [bench] higher, or find what blocks",
        )

    def last_words(self) -> str:
        """The last lines that the process printed, for a message."""
        self._reader.join(0.5)
        lines = self._tail.decode("utf-8", "replace").strip().splitlines()[-_SHOWN_LINES:]
        return "its last lines: " + "\n    ".join(["", *lines]) if lines else "it printed nothing"

    def _keep_tail(self) -> None:
        with cast("IO[bytes]", self._process.stdout) as output:
            while chunk := os.read(output.fileno(), 65536):
                self._tail = (self._tail + chunk)[-_KEPT_BYTES:]

    def end(self) -> None:
        """Ends the worker: kindly if it listens, by a signal if it is busy, and its group in any case."""
        try:
            if self._is_busy:
                self._process.terminate()
            else:
                with contextlib.suppress(OSError):
                    self._channel.sendall(b'{"name": "close"}\n')
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_GRACE_S)
        finally:
            # Whatever setup started and left behind belongs to the worker's group.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._channel.close()
            self._reader.join(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None) -> None:
        self.end()


def error_of(spelled: dict[str, Any]) -> CodeOpsError:
    """The error that a worker spelled."""
    kind = next(leaf for leaf in leaves() if leaf.slug == spelled["slug"])
    location = Location(**spelled["location"]) if spelled["location"] else None
    problem = kind(spelled["title"], why=spelled["why"], fix=spelled["fix"], location=location)
    problem.about = spelled["about"]
    return problem

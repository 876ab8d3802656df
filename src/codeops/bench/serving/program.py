"""A service's program: started on a free port, waited for, and ended with all that it started."""

import ctypes
import os
import signal
import socket
import subprocess  # ruff: ignore[suspicious-subprocess-import] - it starts what the user's configuration names
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import IO, cast
from urllib.parse import urlsplit

from codeops.bench.serving.connection import Connection
from codeops.bench.serving.tree import Tree
from codeops.bench.serving.warden import Warden
from codeops.core.errors import CodeOpsError, FailedCall, UnsupportedRunner, WorkerDied
from codeops.core.suite import Service

__all__ = ["Program"]

_KEPT_BYTES = 8192
_SHOWN_LINES = 8
_GRACE_S = 5.0
_POLL_S = 0.05
_DYING_S = 0.5
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


class Program:
    """A running service. It belongs to the worker's group, and is killed by the kernel when the worker is.

    `port` is the one it was told, `tree` its processes.
    """

    def __init__(self, service: Service, root: str, env: Mapping[str, str]) -> None:
        if sys.platform != "linux":
            raise UnsupportedRunner(
                f"{service.name} cannot be measured on this system",
                why="the CPU of another process and of what it starts is read from Linux's /proc",
                fix="measure services on Linux, for example in CI",
            )
        self.service = service
        self.port = _free_port()
        self._tail = b""
        self._warden = Warden()
        self._process = self._start(root, env)
        self.tree = Tree(self._process.pid)
        self._reader = threading.Thread(target=self._keep_tail, daemon=True)
        self._reader.start()

    def _start(self, root: str, env: Mapping[str, str]) -> "subprocess.Popen[bytes]":
        filled = {name: self._filled(value) for name, value in self.service.env.items()}
        command = [self._filled(word) for word in self.service.command]
        try:
            return subprocess.Popen(  # ruff: ignore[subprocess-without-shell-equals-true] - the user's own command
                command,
                cwd=root,
                env={**env, "PORT": str(self.port), **filled},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                preexec_fn=_end_with_parent,  # ruff: ignore[subprocess-popen-preexec-fn] - one call of the kernel, no lock is taken
            )
        except OSError as problem:
            why = f"{command[0]} in {root}: {problem.strerror or problem}"
            self._warden.dismiss()
            raise FailedCall(
                f"{self.service.name} cannot be started", why=why, fix="correct its command under [[bench.service]]"
            ) from problem

    def _filled(self, text: str) -> str:
        return text.replace("{port}", str(self.port))

    def wait(self) -> None:
        """Waits until the service is ready.

        Raises: FailedCall with its last words when it ends instead, or does not get ready in time.
        """
        until_s = time.monotonic() + self.service.ready_timeout_s
        while (problem := self._unready()) is not None:
            if self._process.poll() is not None:
                raise FailedCall(
                    f"{self.service.name} ended before it was ready",
                    why=f"{self.how_it_ended()}; {self.last_words()}",
                    fix="make its command work by itself first, with PORT set",
                )
            if time.monotonic() > until_s:
                raise FailedCall(
                    f"{self.service.name} was not ready within {self.service.ready_timeout_s:g} s",
                    why=f"{problem}; {self.last_words()}",
                    fix="let it listen on the port that {port} and PORT name, correct ready, or set ready_timeout_s higher",
                )
            time.sleep(_POLL_S)

    def _unready(self) -> str | None:
        """Why the service is not ready yet."""
        ready = self._filled(self.service.ready)
        url = urlsplit(ready)
        port = int(ready[1:]) if ready.startswith(":") else url.port or self.port
        if not ready or ready.startswith(":"):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return None
            return f"nothing listens on port {port}"
        path = (url.path or "/") + (f"?{url.query}" if url.query else "")
        door = Connection(self.service.name, port, 2)
        try:
            status = door.ask("GET", path, (("Connection", "close"),), b"").status
        except CodeOpsError as problem:
            return f"GET {path} on port {port}: {problem.why}"
        finally:
            door.close()
        return None if 200 <= status < 300 else f"GET {path} answered {status}"

    def demand_alive(self) -> None:
        """Nothing, or `WorkerDied` with the service's last words; a connection may be gone a moment before its process."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_DYING_S)
        if self._process.returncode is not None:
            raise WorkerDied(
                f"{self.service.name} ended while it was measured",
                why=f"{self.how_it_ended()}; {self.last_words()}",
                fix="repair what ended the service",
            )

    def how_it_ended(self) -> str:
        """Exit status or signal."""
        status = self._process.returncode
        return f"killed by {signal.Signals(-status).name}" if status is not None and status < 0 else f"exit status {status}"

    def last_words(self) -> str:
        """The last lines that it printed, for a message."""
        self._reader.join(0.5)
        lines = self._tail.decode("utf-8", "replace").strip().splitlines()[-_SHOWN_LINES:]
        return "its last lines: " + "\n    ".join(["", *lines]) if lines else "it printed nothing"

    def _keep_tail(self) -> None:
        with cast("IO[bytes]", self._process.stdout) as output:
            while chunk := os.read(output.fileno(), 65536):
                self._tail = (self._tail + chunk)[-_KEPT_BYTES:]

    def end(self) -> None:
        """Ends the service kindly, and after a while all that is left of its processes."""
        self.tree.processes()
        with suppress(ProcessLookupError):
            self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE_S)
        for pid in self.tree.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()
        self._warden.dismiss()
        self._reader.join(1)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _end_with_parent() -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

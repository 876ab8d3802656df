"""A program that runs beside the test, with what it printed and how much CPU each of its processes had used at any moment."""

import bisect
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Self

BIN = Path(sys.executable).parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Program:
    """`command` names a program of this environment; `variables` are added to those of the test."""

    def __init__(self, command: list[str], folder: Path, variables: dict[str, str], output: str = "output") -> None:
        self._output = folder / output
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                [str(BIN / command[0]), *command[1:]],
                cwd=folder,
                env={**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "PYTHONWARNINGS": "ignore", **variables},
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def output(self) -> str:
        return self._output.read_text(errors="replace")

    def children(self) -> list[int]:
        tasks = Path(f"/proc/{self.pid}/task").iterdir()
        return [int(pid) for task in tasks for pid in (task / "children").read_text().split()]

    def wait_until(self, is_so, seconds: float = 30) -> None:
        until = time.monotonic() + seconds
        while not is_so():
            if self._process.poll() is not None or time.monotonic() > until:
                self.kill()
                raise AssertionError(f"exit code {self._process.returncode}:\n{self.output}")
            time.sleep(0.02)

    def wait_until_it_answers(self, port: int) -> None:
        self.wait_until(lambda: _answers(port))

    def end(self, how: int = signal.SIGTERM) -> int:
        """Its exit code after the signal."""
        if self._process.poll() is None:
            self._process.send_signal(how)
        return self.code()

    def code(self, seconds: float = 30) -> int:
        """Its exit code, once it ends by itself."""
        try:
            return self._process.wait(seconds)
        finally:
            self.kill()

    def kill(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()


class Clocks:
    """The CPU clocks of processes, read from outside again and again while it is open."""

    def __init__(self, pids: list[int]) -> None:
        self._clocks = {pid: (~pid << 3) | 2 for pid in pids}  # clock_getcpuclockid(3), on Linux
        self._read: dict[int, tuple[list[int], list[int]]] = {pid: ([], []) for pid in pids}
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._is_over.wait(0.002):
            for pid, clock in self._clocks.items():
                try:
                    cpu_ns = time.clock_gettime_ns(clock)
                except OSError:  # it has ended
                    continue
                self._read[pid][0].append(time.time_ns())
                self._read[pid][1].append(cpu_ns)

    def cpu_s(self, pid: int, from_ns: int, to_ns: int) -> float:
        """CPU of the process between two moments of the wall clock."""
        return self._at(pid, to_ns) - self._at(pid, from_ns)

    def _at(self, pid: int, at_ns: int) -> float:
        times, cpus = self._read[pid]
        after = bisect.bisect_left(times, at_ns)
        assert 0 < after < len(times), "not watched at that moment"
        part = (at_ns - times[after - 1]) / (times[after] - times[after - 1])
        return (cpus[after - 1] + part * (cpus[after] - cpus[after - 1])) * 1e-9


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 0.2).close()
    except OSError:
        return False
    return True

"""How a block's memory is told: by the most that was held in it, or by what was held on average."""

import os
import subprocess  # ruff: ignore[suspicious-subprocess-import] - it starts our own watcher
import sys
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from codeops.bench.memory.peak import peak_bytes, reset_peak

__all__ = ["Average", "Gauge", "Peak", "own_gauge"]

_WATCHER = str(Path(__file__).parent / "watch.py")
_PATIENCE_S = 5.0


class Gauge(Protocol):
    """What is resident of some processes between `begin` and `end`."""

    def begin(self) -> None:
        """From here on."""

    def end(self) -> int | None:
        """Up to here: bytes, None where the system does not tell."""

    def close(self) -> None:
        """It is not needed any more."""


class Peak:
    """The most that was held; `reset` lets it start anew, `peak_bytes` tells it."""

    def __init__(self, reset: Callable[[], object], peak_bytes: Callable[[], int | None]) -> None:
        self._reset, self._peak_bytes = reset, peak_bytes

    def begin(self) -> None:
        """From here on."""
        self._reset()

    def end(self) -> int | None:
        """Up to here: bytes, None where the system does not tell."""
        return self._peak_bytes()

    def close(self) -> None:
        """It is not needed any more."""


class Average:
    """What was held on average by `processes`, as those tell that run when it begins; a process of its own looks each millisecond."""

    def __init__(self, processes: Callable[[], Sequence[int]]) -> None:
        self._processes = processes
        self._watcher: subprocess.Popen[bytes] | None = None
        self._is_watching = False

    def begin(self) -> None:
        """From here on."""
        if self._watcher is None:
            self._watcher = _started()
            weakref.finalize(self, _end, self._watcher)
        self.end()  # of what a request that failed began
        self._is_watching = bool(self._ask(" ".join(map(str, self._processes()))))

    def end(self) -> int | None:
        """Up to here: bytes, None where the system does not tell."""
        was_watching, self._is_watching = self._is_watching, False
        return int(self._ask("over") or 0) or None if was_watching else None

    def close(self) -> None:
        """Ends the process that looks."""
        if self._watcher is not None:
            _end(self._watcher)

    def _ask(self, text: str) -> bytes:
        if self._watcher is None or self._watcher.stdin is None or self._watcher.stdout is None:
            return b""
        with suppress(OSError):
            self._watcher.stdin.write(text.encode() + b"\n")
            return self._watcher.stdout.readline().strip()
        return b""


def own_gauge(kind: str) -> Gauge:
    """The gauge of this process: `peak` or `average`."""
    return Average(lambda: [os.getpid()]) if kind == "average" else Peak(reset_peak, peak_bytes)


def _started() -> subprocess.Popen[bytes]:
    command = [sys.executable, "-I", "-S", _WATCHER]
    return subprocess.Popen(  # ruff: ignore[subprocess-without-shell-equals-true] - our own interpreter and script
        command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )


def _end(watcher: subprocess.Popen[bytes]) -> None:
    for pipe in (watcher.stdin, watcher.stdout):
        if pipe is not None:
            pipe.close()
    with suppress(subprocess.TimeoutExpired):
        watcher.wait(_PATIENCE_S)

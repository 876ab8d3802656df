"""A process with all that it started: their CPU, memory and processors, as Linux's /proc tells.

A process's clock counts its threads, also those that have ended; its CPU as a child counts once its parent has waited for it, in ticks
of 10 ms. So no second is lost when a child ends, and none counted twice.
Source: `CPUCLOCK_SCHED` and `MAKE_PROCESS_CPUCLOCK` in Linux's include/linux/posix-timers.h; proc_pid_stat(5); read 2026-11-26.
"""

import os
import time
from contextlib import suppress
from pathlib import Path

from codeops.bench.lap import pin as pin_threads
from codeops.bench.memory.peak import peak_bytes_of, reset_peak_of
from codeops.instrument.memory.resident import resident_bytes

__all__ = ["Tree"]

_PROC = Path("/proc")
_SCHEDULED = 2


class Tree:
    """A process and its descendants; one that was seen stays part of it when its parent ends."""

    def __init__(self, root: int) -> None:
        self._known = {root: _start(root)}
        self._tick_ns = 1_000_000_000 // os.sysconf("SC_CLK_TCK")

    def processes(self) -> list[int]:
        """Those that run now."""
        found = [pid for pid, start in self._known.items() if start and _start(pid) == start]
        at = 0
        while at < len(found):
            found.extend(child for child in _children(found[at]) if child not in found)
            at += 1
        self._known = {pid: self._known.get(pid) or _start(pid) for pid in found}
        return found

    def cpu_ns(self) -> int:
        """What all of them have used since they started, and what ended children of theirs did."""
        return sum(_cpu_ns(pid) + _ended_ticks(pid) * self._tick_ns for pid in self.processes())

    def resident_bytes(self) -> int:
        """What all of them hold now; pages that several share count for each."""
        return sum(resident_bytes(str(_PROC / str(pid) / "statm")) or 0 for pid in self.processes())

    def reset_peak(self) -> None:
        """Lets the peak start from what is resident now, where the kernel allows it."""
        for pid in self.processes():
            reset_peak_of(pid)

    def peak_bytes(self) -> int:
        """The sum of each one's peak since `reset_peak`: an upper bound, since they need not be at the same time."""
        return sum(peak_bytes_of(pid) for pid in self.processes())

    def pin(self, processor: int) -> None:
        """Lets all threads of all of them run on one processor only."""
        for pid in self.processes():
            pin_threads(processor, str(pid))


def _text(pid: int, name: str) -> str:
    with suppress(OSError):
        return (_PROC / str(pid) / name).read_text(encoding="utf-8", errors="replace")
    return ""


def _stat(pid: int) -> list[str]:
    """The fields from the third on, behind the name, which may hold anything."""
    return _text(pid, "stat").rpartition(")")[2].split()


def _start(pid: int) -> str:
    """When a process started, in ticks since the system did: tells it from another that got its number. Empty when it is gone."""
    fields = _stat(pid)
    return fields[19] if len(fields) > 19 and fields[0] != "Z" else ""


def _ended_ticks(pid: int) -> int:
    fields = _stat(pid)
    return int(fields[13]) + int(fields[14]) if len(fields) > 14 else 0


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with suppress(OSError):
        for thread in os.listdir(_PROC / str(pid) / "task"):  # ruff: ignore[os-listdir] - no paths are needed
            found += map(int, _text(pid, f"task/{thread}/children").split())
    return found


def _cpu_ns(pid: int) -> int:
    with suppress(OSError):
        return time.clock_gettime_ns(~pid << 3 | _SCHEDULED)
    return 0

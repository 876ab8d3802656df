"""The process that watches how much memory others hold: it needs no lock of theirs, so that calls into C are seen as well.

It is started as a script and imports nothing of CodeOps. A line on standard input, numbers of processes, begins a watch, and it answers
with a line when it has looked for the first time; the next line ends the watch, and it answers with the bytes that they held together
on average over that time, or with an empty line where nobody tells. It ends with its input.
"""

import os
import select
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

__all__ = ["mean_bytes"]

_EVERY_S = 0.001


def mean_bytes(held_bytes: Callable[[], int], is_over: Callable[[], bool]) -> float:
    """The mean of what is held from now until it is over, each time weighed by how long it lasted (trapezoidal rule)."""
    begin_s = last_s = time.monotonic()
    last = held_bytes()
    area, has_ended = 0.0, False
    while not has_ended:
        has_ended = is_over()
        now_s, now = time.monotonic(), held_bytes()
        area += (now_s - last_s) * (last + now) / 2
        last_s, last = now_s, now
    return area / (last_s - begin_s)


def _held_bytes(processes: Sequence[str]) -> int:
    """What is resident of all of them; field 2 of proc_pid_statm(5), in pages. A process that has ended holds nothing."""
    pages = 0
    for process in processes:
        with suppress(OSError), Path(f"/proc/{process}/statm").open("rb", buffering=0) as statm:
            pages += int(statm.read().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _is_asked() -> bool:
    """Whether there is something to read within a millisecond."""
    return bool(select.select([0], [], [], _EVERY_S)[0])


def _answer(text: str) -> None:
    os.write(1, text.encode() + b"\n")


def _main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends when those who ask do
    while asked := os.read(0, 65536):
        processes = asked.decode().split()
        if not _held_bytes(processes):
            _answer("")
            continue
        _answer("watching")
        found = mean_bytes(partial(_held_bytes, processes), _is_asked)
        os.read(0, 65536)
        _answer(str(round(found)))


if __name__ == "__main__":
    with suppress(BrokenPipeError):
        _main()
    sys.exit(0)

"""A lap: requests made one after another with nothing between them, timed as a whole."""

import asyncio
import gc
import os
import time
from collections.abc import Awaitable, Callable, Collection, Generator, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Self

__all__ = ["Clock", "Lap", "confine", "confined", "drive", "pin", "processors", "repeat", "settle"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lap:
    """What some requests took together.

    Units: `cpu_ns` nanoseconds of CPU of the whole process, `wall_ns` of the clock on the wall; `requests` counts them.
    """

    requests: int
    cpu_ns: int
    wall_ns: int


def processors() -> list[int]:
    """The numbers of those that this process may run on; only -1 where the system does not tell."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [-1]


def pin(processor: int, process: str = "self") -> None:
    """Lets all threads of a process, this one if none is named, run on one processor only, where the system can.

    Two processes that run in turns tend to stay on a processor each. Where one of them is slower, because a neighbour of the
    virtual machine is at work on the same core, that would read as a difference between the two.
    """
    confine({processor}, _threads(process))


@contextmanager
def confined(allowed: Collection[int]) -> Generator[None]:
    """This process runs on these processors only in the block, if there are any, where the system can."""
    before = processors()
    confine(allowed, _threads("self"))
    try:
        yield
    finally:
        confine(before, _threads("self"))


def confine(allowed: Collection[int], threads: Iterable[int]) -> None:
    """Lets threads run on these processors only, if there are any, where the system can."""
    if not allowed or min(allowed) < 0:
        return
    for thread in threads:
        with suppress(OSError):  # it ended meanwhile, or the processor was taken away
            os.sched_setaffinity(thread, allowed)


def _threads(process: str) -> list[int]:
    with suppress(FileNotFoundError):  # the process has ended, or the system has none of this
        return [int(thread) for thread in os.listdir(f"/proc/{process}/task")]  # ruff: ignore[os-listdir] - no paths are needed
    return []


class Clock:
    """Goes around requests and tells what they took."""

    def __init__(self) -> None:
        self._wall_ns = self._cpu_ns = 0

    def __enter__(self) -> Self:
        self._wall_ns, self._cpu_ns = time.perf_counter_ns(), time.process_time_ns()
        return self

    def __exit__(self, *_: object) -> None:
        self._cpu_ns = time.process_time_ns() - self._cpu_ns
        self._wall_ns = time.perf_counter_ns() - self._wall_ns

    def lap(self, requests: int) -> Lap:
        """What the requests took together."""
        return Lap(requests=requests, cpu_ns=self._cpu_ns, wall_ns=self._wall_ns)


def drive(
    call: Callable[[int], Any],
    start: int,
    washing: int,
    requests: int,
    loop: asyncio.AbstractEventLoop | None,
    around: AbstractContextManager[object],
) -> None:
    """Makes `requests` calls with `around` around them, after `washing` more that are outside: they warm what is cached.

    `call` gets the number of the iteration, `start` for the first one; in `loop` what it returns is awaited.
    The youngest garbage of earlier work is collected before, so that these requests do not pay for their predecessors.
    """
    gc.collect(0)
    if loop is not None:
        loop.run_until_complete(_drive(call, start, washing, requests, around))
        return
    for number in range(start, start + washing):
        call(number)
    with around:
        for number in range(start + washing, start + washing + requests):
            call(number)


async def _drive(
    call: Callable[[int], Awaitable[Any]], start: int, washing: int, requests: int, around: AbstractContextManager[object]
) -> None:
    for number in range(start, start + washing):
        await call(number)
    with around:
        for number in range(start + washing, start + washing + requests):
            await call(number)


def repeat(call: Callable[[int], Any], start: int, seconds: float, loop: asyncio.AbstractEventLoop | None) -> None:
    """Calls for `seconds` of CPU, or three times that on the wall, and once at least; the numbers begin with `start`."""
    if loop is not None:
        return loop.run_until_complete(_repeat(call, start, seconds))
    for number in _numbers(start, seconds):
        call(number)
    return None


async def _repeat(call: Callable[[int], Awaitable[Any]], start: int, seconds: float) -> None:
    for number in _numbers(start, seconds):
        await call(number)


def _numbers(start: int, seconds: float) -> Iterator[int]:
    cpu_s, wall_s = time.process_time() + seconds, time.monotonic() + 3 * seconds
    yield start
    while time.process_time() < cpu_s and time.monotonic() < wall_s:
        start += 1
        yield start


def settle() -> None:
    """Takes everything that lives now out of the garbage collector's sight: it will not be gone through during a lap."""
    gc.collect()
    gc.freeze()

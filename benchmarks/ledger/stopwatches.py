"""The naive ways to measure a span's CPU: a clock at its start and at its end, and a sampler.

A stopwatch is given every advantage here: what its child spans read is taken off their parent.
"""

import resource
import signal
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType

__all__ = ["NAIVE", "Sampler", "Stopwatch"]

_SAMPLE_S = 0.004
"""The interval of the sampler: 250 Hz, which is the tick of a common kernel."""


def _rusage_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


class Stopwatch:
    """Reads a clock when a span starts and when it ends."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._inside: ContextVar[list[float] | None] = ContextVar("inside", default=None)
        self._total: defaultdict[str, float] = defaultdict(float)
        self._lock = threading.Lock()

    def start(self) -> None:
        """A stopwatch needs no hook."""

    def stop(self) -> None:
        """So there is none to remove."""

    @contextmanager
    def span(self, name: str) -> Generator[None]:
        """Measures the block under this name."""
        parent, inside = self._inside.get(), [0.0]
        token = self._inside.set(inside)
        begin = self._clock()
        try:
            yield
        finally:
            took = self._clock() - begin
            self._inside.reset(token)
            if parent is not None:
                parent[0] += took
            with self._lock:
                self._total[name] += took - inside[0]

    def read(self) -> dict[str, dict[str, float]]:
        """Seconds by span; a stopwatch has no buckets."""
        return {"spans": dict(self._total), "buckets": {}}


class Sampler:
    """Asks 250 times per second of CPU which span is current, by a signal."""

    def __init__(self) -> None:
        self._name: ContextVar[str] = ContextVar("name", default="")
        self._total: defaultdict[str, float] = defaultdict(float)

    def start(self) -> None:
        """Sets the timer of the process."""
        signal.signal(signal.SIGPROF, self._sample)
        signal.setitimer(signal.ITIMER_PROF, _SAMPLE_S, _SAMPLE_S)

    @staticmethod
    def stop() -> None:
        """Stops the timer."""
        signal.setitimer(signal.ITIMER_PROF, 0)

    def _sample(self, _number: int, _frame: FrameType | None) -> None:
        self._total[self._name.get()] += _SAMPLE_S

    @contextmanager
    def span(self, name: str) -> Generator[None]:
        """The block under this name is what a sample in it counts for."""
        token = self._name.set(name)
        try:
            yield
        finally:
            self._name.reset(token)

    def read(self) -> dict[str, dict[str, float]]:
        """Seconds by span, and the samples outside of all spans."""
        spans = {name: total for name, total in self._total.items() if name}
        return {"spans": spans, "buckets": {"unattributed.loop": self._total.get("", 0.0)}}


NAIVE: dict[str, Callable[[], Stopwatch | Sampler]] = {
    "getrusage": lambda: Stopwatch(_rusage_s),
    "thread_time": lambda: Stopwatch(time.thread_time),
    "itimer": Sampler,
}
"""The naive ways by name."""

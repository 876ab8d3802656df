"""GiB-seconds of every request of this process, while it runs."""

import threading
import time
from collections import deque
from collections.abc import Callable

from codeops.instrument.memory.allocation import Allocation, Share
from codeops.instrument.memory.container import container_bytes
from codeops.instrument.memory.fitting import Sample, fit
from codeops.instrument.memory.resident import Resident
from codeops.instrument.memory.sampler import Sampler

__all__ = ["Meter"]

_GIB = 2**30
_WINDOW = 600
"""Samples that a fit looks at: ten minutes of them, which is long against a burst and short against a day."""

_PATIENCE_S = 1.0
"""How long totals wait for a lock that is held for microseconds, before they are absent this time."""


class Meter:
    """Samples resident memory, and tells each request at its end how many GiB-seconds were allocated to it.

    `read` gives bytes, or None where they are not known: then nothing is allocated, and the meter says so by None.
    A sample is taken every `sample_s` seconds, and what requests of each route hold is fitted every `fit_s`.
    Every method may be called from any thread, and none raises.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        read: Callable[[], int | None] | None = None,
        *,
        sample_s: float = 1.0,
        fit_s: float = 30.0,
    ) -> None:
        self._clock = self._running_clock = clock
        self._resident = Resident()
        self._read = read or self._resident.read
        self._fit_s = fit_s
        self._sampler = Sampler(self._sample, sample_s)
        # Reentrant, as a signal handler may start a request within a request's start.
        self._lock = threading.RLock()
        self._window: deque[Sample] = deque(maxlen=_WINDOW)
        self._allocation: Allocation | None = None
        self._is_running = self._is_sampling = False
        self._fitted_at = 0.0

    def start(self) -> bool:
        """Opens new books; False where resident memory is not known.

        The thread that samples starts with the first request: a server that forks its workers before that has none yet.
        """
        with self._lock:
            if not self._is_running:
                self._clock = self._running_clock
                self._is_running = self._opened()
            return self._is_running

    def stop(self) -> None:
        """Ends sampling: time stands still. What is in flight gets its share up to now, and what starts later none."""
        with self._lock:
            if self._is_running:
                now = self._clock()
                self._clock = lambda: now
            self._is_running = self._is_sampling = False
        self._sampler.stop()
        self._resident.close()

    def forked(self) -> None:
        """Begins anew in the child of a fork; what is in flight belongs to the parent."""
        self._lock = threading.RLock()
        self._sampler.forked()
        self._is_sampling = False
        self._allocation = None
        self._is_running = self._is_running and self._opened()

    def begin(self, route: str) -> Share | None:
        """A request of `route` starts: hand what this returns to `end`, once; None where memory is not known."""
        if not self._is_sampling:
            self._wake()
        allocation = self._allocation
        if allocation is None or not self._is_running:
            return None
        with self._lock:
            return allocation.begin(self._clock(), allocation.routes.get(route) or allocation.route(route))

    def end(self, share: Share | None) -> tuple[float, str] | None:
        """GiB-seconds of the request and how they were allocated, `fitted` or `equal`; None where that is not known."""
        allocation = self._allocation
        if share is None or share.books is not allocation:
            return None
        with self._lock:
            return allocation.end(self._clock(), share) / _GIB, share.method

    def totals(self) -> dict[str, float]:
        """What was held since the start; empty where that is not known.

        `idle_gib_s + retained_gib_s + allocated_gib_s + carried_gib_s` is `integral_gib_s`. Of the allocated,
        `ended_gib_s` is what requests were told at their end, the rest is of those in flight; what is carried will be
        allocated, or, below zero, was in advance. `resident_bytes`, `baseline_bytes` and `container_bytes` are of now;
        the last is absent where there is no control group.
        """
        allocation = self._allocation
        # A thread that has the lock may collect garbage, whose finalizers end spans and may wait for whoever asks here.
        if allocation is None or not self._lock.acquire(timeout=_PATIENCE_S):
            return {}
        try:
            resident_bytes = self._read() if self._is_running and not self._is_sampling else None
            if resident_bytes is not None:
                allocation.sample(self._clock(), resident_bytes)
            found = allocation.totals(self._clock())
        finally:
            self._lock.release()
        container = container_bytes()
        return {
            "idle_gib_s": found.idle / _GIB,
            "retained_gib_s": found.retained / _GIB,
            "allocated_gib_s": found.allocated / _GIB,
            "carried_gib_s": found.carried / _GIB,
            "ended_gib_s": found.ended / _GIB,
            "integral_gib_s": found.integral / _GIB,
            "resident_bytes": found.resident_bytes,
            "baseline_bytes": found.baseline_bytes,
            **({"container_bytes": container} if container is not None else {}),
        }

    def _opened(self) -> bool:
        """Opens new books at what is resident now."""
        resident_bytes = self._read()
        self._window.clear()
        now = self._fitted_at = self._clock()
        self._allocation = Allocation(now, resident_bytes) if resident_bytes is not None else None
        return resident_bytes is not None

    def _wake(self) -> None:
        with self._lock:
            if self._is_running and not self._is_sampling:
                self._is_sampling = True
                self._sampler.start()

    def _sample(self) -> None:
        # Reading lets go of the GIL, and getting it back may take longer than a request: under the lock nobody starts
        # or ends meanwhile, so that memory and requests are of the same moment.
        with self._lock:
            allocation = self._allocation
            resident_bytes = self._read()
            if resident_bytes is None or allocation is None:
                return  # the last sample holds on
            now = self._clock()
            allocation.sample(now, resident_bytes)
            self._window.append((resident_bytes, allocation.counts()))
        if now - self._fitted_at >= self._fit_s:
            self._fitted_at = now
            self._fit(allocation)

    def _fit(self, allocation: Allocation) -> None:
        """Outside of the lock, so that no request waits for it."""
        samples = tuple(self._window)
        weights = fit(samples, allocation.baseline_bytes)
        with self._lock:
            allocation.adopt(weights)
            allocation.forget(name for _, counts in samples for name, _ in counts)

"""What the workloads consume: exact units of work, with the true CPU of every leaf call beside them."""

import gc
import hashlib
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable

__all__ = ["ROUTES", "UNIT", "Truth", "burn", "child_of", "litter", "native"]

UNIT = 4_500
"""Steps of `burn` in one unit of work: about 300 µs."""

ROUTES = {"/null": 0, "/a": 1, "/b": 2, "/c": 4, "/d": 8}
"""Each route with its weight; request i takes route i mod 5. `/null` does everything but the work itself."""

_BLOCK = bytes(256 * 1024)


def child_of(route: str) -> str:
    """The key of the span inside a route's own span."""
    return f"{route}/child"


def burn(steps: int) -> int:
    """Steps of a 31-bit linear congruential generator: Python that holds the GIL.

    Example: burn(2) is 1103527590 * 1103515245 + 12345 modulo 2^31.
    """
    state = 1
    for _ in range(steps):
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
    return state


def native(times: int) -> None:
    """SHA-256 and CRC-32 of 256 KiB, so many times: C that releases the GIL."""
    for _ in range(times):
        hashlib.sha256(_BLOCK).digest()
        zlib.crc32(_BLOCK)


def litter(lists: int) -> None:
    """Makes so many lists, all in one cycle, and drops them: garbage that only the collector can free."""
    first: list[object] = []
    last = first
    for _ in range(lists - 1):
        last = [last]
    first.append(last)


class Truth:
    """CPU seconds of every key, and the units of work that it did apart from any clock.

    The seconds are differences of the thread's clock inside calls that neither await nor open a span.
    Garbage collection that happens to run inside such a call is nobody's work: it is taken off and kept apart.
    """

    def __init__(self) -> None:
        self._leaves: list[tuple[str, int, float]] = []
        self._collections: list[int] = []
        self._thread = threading.local()

    def start(self) -> None:
        """Begins to watch the collector."""
        gc.callbacks.append(self._collecting)

    def stop(self) -> None:
        """Stops watching."""
        gc.callbacks.remove(self._collecting)

    def leaf(self, key: str, work: Callable[[int], object], amount: int, units: float = 0) -> None:
        """Does the work, and writes down what it took for this key; `units` is how much of it was done."""
        collected = getattr(self._thread, "collected_ns", 0)
        begin = time.thread_time_ns()
        work(amount)
        took = time.thread_time_ns() - begin
        # An append is atomic where adding to a dictionary's value is not: leaves end in many threads.
        self._leaves.append((key, took - getattr(self._thread, "collected_ns", 0) + collected, units))

    def burn(self, key: str, steps: int) -> None:
        """A leaf that burns."""
        self.leaf(key, burn, steps, steps / UNIT)

    def _collecting(self, phase: str, _: dict[str, int]) -> None:
        now = time.thread_time_ns()
        if phase == "start":
            self._thread.begin_ns = now
        else:
            took = now - self._thread.begin_ns
            self._thread.collected_ns = getattr(self._thread, "collected_ns", 0) + took
            self._collections.append(took)

    @property
    def seconds(self) -> dict[str, float]:
        """True CPU seconds of each key."""
        total: Counter[str] = Counter()
        for key, took, _ in self._leaves:
            total[key] += took
        return {key: took / 1e9 for key, took in total.items()}

    @property
    def units(self) -> dict[str, float]:
        """Units of work done for each key."""
        total: dict[str, float] = {}
        for key, _, units in self._leaves:
            total[key] = total.get(key, 0) + units
        return total

    @property
    def collector_s(self) -> float:
        """CPU seconds of garbage collection, seen from a callback of its own."""
        return sum(self._collections) / 1e9

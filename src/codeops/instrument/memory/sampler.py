"""Acts at regular times on a thread of its own, which disturbs neither fork nor the end of the program."""

import atexit
import math
import threading
import time
from collections.abc import Callable

from codeops.instrument.guard import guarded

__all__ = ["Sampler"]

_FIRST_S = 0.01
"""The first wait, in seconds."""

_END_S = 1.0
"""How long the end of the program waits for an action that is under way; one takes milliseconds."""


class Sampler:
    """Calls `act` every `interval_s` seconds, from `start` to `stop`.

    The first waits are short and double until they are `interval_s`, so that a program that ends soon is seen as well.
    From then on the times do not drift: each is a multiple of the interval later, and those that are missed are left out.
    A fault in `act` is kept by the guard. The thread is a daemon and ends before the interpreter does.
    """

    def __init__(self, act: Callable[[], None], interval_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._act, self._interval_s, self._clock = act, interval_s, clock
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Starts the thread, once; where no thread can be started, that is kept by the guard and nothing is sampled."""
        if self._thread is None:
            self._stop = threading.Event()
            self._thread = threading.Thread(target=self._loop, args=(self._stop,), name="codeops-memory", daemon=True)
            atexit.register(self.stop)
            guarded(_begin, self._thread)

    def stop(self) -> None:
        """Ends the thread; it may be started again."""
        thread, self._thread = self._thread, None
        self._stop.set()
        atexit.unregister(self.stop)
        if thread is not None and thread.is_alive() and thread is not threading.current_thread():
            thread.join(_END_S)

    def forked(self) -> None:
        """In the child of a fork: the thread is the parent's, and may have held the event's lock."""
        self._stop, self._thread = threading.Event(), None
        atexit.unregister(self.stop)

    def _loop(self, stop: threading.Event) -> None:
        step_s = min(_FIRST_S, self._interval_s)
        due_s = self._clock() + step_s
        while not stop.wait(max(0.0, due_s - self._clock())):
            guarded(self._act)
            step_s = min(2.0 * step_s, self._interval_s)
            missed = math.floor((self._clock() - due_s) / step_s)
            due_s += step_s * (1 + max(0, missed))


def _begin(thread: threading.Thread) -> None:
    try:
        thread.start()
    except RuntimeError as problem:
        if "shutdown" not in str(problem):  # Python 3.12 and later start no thread any more while the program ends
            raise

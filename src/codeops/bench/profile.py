"""A profile: which lines of the user's code the processor spends its time on, seen from a thread that looks every millisecond.

Each look adds the CPU time that a thread has used since the last one to the line that the thread is at now: the innermost line
of the user's own code, so that a library's work counts for the line that called it. What no thread of Python's used, or no line
of the user's asked for, belongs to no line. A profile is never taken of what is timed: looking costs about a tenth.
"""

import gc
import random
import sys
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import sqrt

from codeops.instrument import callsite
from codeops.instrument.callsite import Site

__all__ = ["Profile", "is_available", "merged", "profiled"]

_LEAST_S, _MOST_S = 0.0003, 0.0011
"""Between two looks, drawn by lot: a fixed time would see the same place of a loop again and again."""

_SWITCH_S = 0.0002


@dataclass(slots=True, kw_only=True)
class Profile:
    """What was seen.

    Units: `cpu_ns` nanoseconds of CPU of the whole process without the onlooker, `squares` the sum of the squares of all that single
    looks added, in ns²; `lines` hold line, nanoseconds, and squares. `parts` are the profiles that it was put together from, if it was.
    """

    cpu_ns: int = 0
    squares: float = 0.0
    lines: list[tuple[Site, int, float]] = field(default_factory=list)
    parts: tuple["Profile", ...] = ()

    def shares(self) -> dict[Site, tuple[float, float]]:
        """The share of the CPU of each line, and its standard error, as ratios.

        The error is that of a ratio of sums: W. G. Cochran, Sampling Techniques (1977), section 2.11; over looks as if each were
        independent, or over the parts where they differ by more: what keeps the onlooker waiting keeps it for many looks.
        """
        whole = max(self.cpu_ns, 1)
        found = {}
        for site, spent_ns, squares in self.lines:
            share = spent_ns / whole
            error = sqrt(max(squares * (1 - 2 * share) + share**2 * self.squares, 0.0)) / whole
            found[site] = share, max(error, self._between(site, share))
        return found

    def _between(self, site: Site, share: float) -> float:
        """The standard error by what the parts say of a line."""
        if len(self.parts) < 2:
            return 0.0
        spent = [next((spent_ns for place, spent_ns, _ in part.lines if place == site), 0) for part in self.parts]
        strays = sum((ns - share * part.cpu_ns) ** 2 for ns, part in zip(spent, self.parts, strict=True))
        return sqrt(strays * len(spent) / (len(spent) - 1)) / max(self.cpu_ns, 1)


def merged(profiles: Sequence[Profile]) -> Profile:
    """All that several profiles saw, with them as its parts."""
    whole, lines = Profile(parts=tuple(profiles)), dict[Site, tuple[int, float]]()
    for one in profiles:
        whole.cpu_ns += one.cpu_ns
        whole.squares += one.squares
        for site, spent_ns, squares in one.lines:
            known = lines.get(site, (0, 0.0))
            lines[site] = known[0] + spent_ns, known[1] + squares
    whole.lines = [(site, *values) for site, values in lines.items()]
    return whole


def is_available() -> bool:
    """Whether one thread can read the CPU clock of another: on Linux."""
    return sys.platform == "linux"


@contextmanager
def profiled(root: str) -> Generator[Profile]:
    """Looks at all threads while the block runs; the profile is complete after it."""
    profile, onlooker = Profile(), _Onlooker(root)
    interval_s = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_S)
    begin_ns = time.process_time_ns()
    onlooker.start()
    try:
        yield profile
    finally:
        cpu_ns = time.process_time_ns() - begin_ns
        own_ns = onlooker.end()
        sys.setswitchinterval(interval_s)
        profile.cpu_ns = max(cpu_ns - own_ns, 0)
        profile.squares = onlooker.squares
        profile.lines = [(site, *values) for site, values in onlooker.lines.items()]


class _Onlooker(threading.Thread):
    def __init__(self, root: str) -> None:
        super().__init__(name="codeops-profile", daemon=True)
        self.lines: dict[Site, tuple[int, float]] = {}
        self.squares = 0.0
        self._root = root
        self._is_over = threading.Event()
        self._own_ns = 0
        self._last_ns = {thread.native_id: _clock_ns(thread.native_id) for thread in threading.enumerate()}

    def end(self) -> int:
        """Ends it; the CPU time that it used itself, in ns."""
        self._is_over.set()
        self.join()
        return self._own_ns

    def run(self) -> None:
        """Looks, until it is over."""
        draw = random.Random()  # ruff: ignore[suspicious-non-cryptographic-random-usage] - moments, not secrets
        while not self._is_over.wait(draw.uniform(_LEAST_S, _MOST_S)):
            with _no_collection():
                self._look()
        self._own_ns = time.thread_time_ns()

    def _look(self) -> None:
        frames = sys._current_frames()  # ruff: ignore[private-member-access] - the one documented way to other threads' frames
        for thread in threading.enumerate():
            if thread is self or thread.native_id is None or thread.ident is None:
                continue
            now_ns = _clock_ns(thread.native_id)
            spent_ns = now_ns - self._last_ns.get(thread.native_id, 0)
            self._last_ns[thread.native_id] = now_ns
            if spent_ns <= 0:
                continue
            self.squares += spent_ns**2
            site = callsite.of_frame(frames.get(thread.ident), self._root)
            if site is not None:
                known = self.lines.get(site, (0, 0.0))
                self.lines[site] = known[0] + spent_ns, known[1] + spent_ns**2


@contextmanager
def _no_collection() -> Generator[None]:
    """Without the garbage collector while frames of other threads are walked.

    Before 3.12 making a frame object may start it, what it finalises may let the other thread run on, and the object is then one of
    a frame that has ended: following it ended one process in fifty with SIGSEGV (CPython 3.11.7, `_PyFrame_MakeAndSetFrameObject`).
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _clock_ns(native_id: int | None) -> int:
    """The CPU time of a thread; 0 once it has ended.

    The clock of another thread by its number: linux/include/linux/posix-timers.h, `make_thread_cpuclock` (read 2026-11-26). It is
    safe for threads that have ended, which `pthread_getcpuclockid` is not.
    """
    try:
        return time.clock_gettime_ns((~(native_id or 0) << 3) | 6)
    except OSError:
        return 0

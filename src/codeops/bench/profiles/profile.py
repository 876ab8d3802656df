"""A profile: which lines of the user's code the processor spends its time on, seen from a thread that looks now and then.

Each look adds CPU time to the line that a thread is at: the innermost line of the user's own code, so that a library's work counts
for the line that called it. What no thread of Python's used, or no line of the user's asked for, belongs to no line. A profile is
never taken of what is timed: looking costs about a tenth.

When to look and what it adds decide whether the shares are true:
- The gaps between looks are drawn from an exponential distribution and counted in CPU time of what is looked at. A gap that has no
  memory sees every place of a loop equally often, and a thread that the system put aside is not seen more often for it.
- A long call into C keeps the onlooker waiting. The look then stands for the other looks that it missed: it adds a mean gap and the
  time that it came too late, not the time since the last look, which depends on where that one was.
- For some time after a look the next cannot come: what a timer may be late by (50 µs on Linux unless a thread asks for less) and
  what the interpreter lets a thread run on (5 ms unless told otherwise). Both are made as short as they can be, and the onlooker
  gets a processor of its own, where there are two.
With 50 µs and 0.2 ms, and looks that added what had passed, a call of 0.25 ms that took 63 % seemed to take 70 % (2026-11-27).
"""

import gc
import random
import sys
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from math import sqrt
from pathlib import Path

from codeops.bench.lap import confine, confined, processors
from codeops.instrument import callsite
from codeops.instrument.callsite import Site

__all__ = ["Profile", "is_available", "merged", "profiled"]

_GAP_NS = 700_000
"""Of CPU time between two looks, on average."""

_POLL_NS = 50_000
"""Between two questions whether threads that do not run run again: what they use before the next has no look."""

_SWITCH_S = 0.00001


@dataclass(slots=True, kw_only=True)
class Profile:
    """What was seen.

    Units: `cpu_ns` nanoseconds of CPU that all looks stand for, `squares` the sum of the squares of what single looks added, in ns²;
    `lines` hold line, nanoseconds, and squares. `parts` are the profiles that it was put together from, if it was.
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
def profiled(root: str, processor: int = -1) -> Generator[Profile]:
    """Looks at all threads while the block runs; the profile is complete after it.

    The onlooker has the `processor` to itself, as far as this process goes; a negative one is for it to choose.
    """
    allowed = processors()
    own = processor if processor in allowed else allowed[-1]
    onlooker, interval_s = _Onlooker(root, own), sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_S)
    try:
        with confined(set(allowed) - {own}):
            onlooker.start()
            try:
                yield onlooker.profile
            finally:
                onlooker.end()
    finally:
        sys.setswitchinterval(interval_s)


class _Onlooker(threading.Thread):
    def __init__(self, root: str, processor: int) -> None:
        super().__init__(name="codeops-profile", daemon=True)
        self.profile = Profile()
        self._root, self._processor = root, processor
        self._is_over = threading.Event()
        self._lines: dict[Site | None, tuple[float, float]] = {}
        self._seen_ns = 0
        self._last_ns = {thread.native_id: _clock_ns(thread.native_id) for thread in threading.enumerate()}

    def end(self) -> None:
        """Ends it, and completes the profile."""
        self._is_over.set()
        self.join()
        self.profile.cpu_ns = round(sum(spent_ns for spent_ns, _ in self._lines.values()))
        self.profile.squares = sum(squares for _, squares in self._lines.values())
        self.profile.lines = [(site, round(spent_ns), squares) for site, (spent_ns, squares) in self._lines.items() if site]

    def run(self) -> None:
        """Looks, until it is over."""
        confine({self._processor}, [threading.get_native_id()])
        _be_punctual()
        draw = random.Random()  # ruff: ignore[suspicious-non-cryptographic-random-usage] - moments, not secrets
        self._seen_ns = _others_ns()
        while self._is_due(gap_ns := draw.expovariate(1 / _GAP_NS)):
            with _no_collection():
                self._look(gap_ns)

    def _is_due(self, gap_ns: float) -> bool:
        """Waits until all other threads together have used `gap_ns` of CPU since the last look; whether they have before it is over."""
        used_ns = -1
        while (left_ns := self._seen_ns + gap_ns - (now_ns := _others_ns())) > 0:
            if self._is_over.wait((left_ns if now_ns > used_ns else _POLL_NS) / 1e9):
                return False
            used_ns = now_ns
        return not self._is_over.is_set()

    def _look(self, gap_ns: float) -> None:
        frames = sys._current_frames()  # ruff: ignore[private-member-access] - the one documented way to other threads' frames
        now_ns = _others_ns()
        used_ns, self._seen_ns = now_ns - self._seen_ns, now_ns
        weight = (_GAP_NS + used_ns - gap_ns) / used_ns
        unseen_ns = used_ns
        for thread in threading.enumerate():
            if thread is self or thread.native_id is None or thread.ident is None:
                continue
            clock_ns = _clock_ns(thread.native_id)
            spent_ns = min(clock_ns - self._last_ns.get(thread.native_id, 0), unseen_ns)
            self._last_ns[thread.native_id] = clock_ns
            if spent_ns > 0:
                unseen_ns -= spent_ns
                self._add(callsite.of_frame(frames.get(thread.ident), self._root), weight * spent_ns)
        self._add(None, weight * unseen_ns)

    def _add(self, site: Site | None, spent_ns: float) -> None:
        known = self._lines.get(site, (0.0, 0.0))
        self._lines[site] = known[0] + spent_ns, known[1] + spent_ns**2


def _be_punctual() -> None:
    """Lets this thread's timers be late by a nanosecond instead of 50 µs, where the system can: proc_pid_timerslack_ns(5)."""
    with suppress(OSError):
        Path(f"/proc/{threading.get_native_id()}/timerslack_ns").write_text("1", encoding="ascii")


def _others_ns() -> int:
    """The CPU time of this process without this thread."""
    return time.process_time_ns() - time.thread_time_ns()


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

"""The books of the process: the ledger of each thread, the threads it never saw, and whether all of it adds up."""

import os
import threading
import time
from dataclasses import dataclass
from typing import Any

from codeops.instrument.ledger.choice import OWNER

__all__ = ["BUCKETS", "Balance", "Books"]

BUCKETS = {
    "runtime.gc": "garbage collection: whoever triggers it need not have made the garbage",
    "unattributed.loop": "the event loop between the steps of tasks: selector, timers, plain callbacks",
    "unattributed.thread": "threads of Python without an owner",
    "unattributed.native": "threads that Python does not know: BLAS, OpenMP, pools of Rust",
    "unattributed.unended": "spans that were dropped without having been ended",
    "unattributed.children": "child processes reaped behind our back; outside of the process's own clock",
}
"""Where CPU goes that no span owns: name → what is in it. Each is measured; none is what is left over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What the books say since they were opened, in nanoseconds of CPU.

    `spans_ns` own and late CPU of all spans, `buckets_ns` by name of the bucket, `process_ns` by the process's clock,
    `children_ns` of child processes that spans started: outside of the process's clock, like `unattributed.children`.
    """

    process_ns: int
    spans_ns: int
    buckets_ns: dict[str, int]
    children_ns: int

    @property
    def residual_ns(self) -> int:
        """What the process's clock says beyond spans and buckets; the invariant claims that it is next to nothing."""
        inside = sum(ns for name, ns in self.buckets_ns.items() if name != "unattributed.children")
        return self.process_ns - self.spans_ns - inside

    @property
    def error_ratio(self) -> float:
        """`residual_ns` as a part of the process's CPU, 0 to 1."""
        return abs(self.residual_ns) / self.process_ns if self.process_ns else 0.0


class Books:
    """The ledger `keeper` (the module in C or in Python) with its buckets; `exact` reads the thread clock each time."""

    def __init__(self, keeper: Any, *, exact: bool = False) -> None:
        self.keeper = keeper
        self._exact = exact
        self._open_anew()

    def _open_anew(self) -> None:
        account = self.keeper.Account
        self._accounts = {name: account() for name in ("unattributed.thread", "unattributed.loop", "runtime.gc", "unattributed.unended")}
        self._unseen_ns = self._native_ns = 0
        self._known_ns: dict[int, int] = {}
        self._process_ns = self._reaped_ns = 0

    def start(self) -> None:
        """Opens the books: what was consumed before is nobody's."""
        thread, loop, gc, unended = self._accounts.values()
        self._known_ns.update(_clocks())
        self._process_from_ns, self._reaped_from_ns = time.process_time_ns(), _reaped_ns()
        self.keeper.stop()  # if whoever kept books before could not close them
        self.keeper.start(OWNER, thread, loop, gc, unended, self._known_ns, exact=self._exact)

    def stop(self) -> None:
        """Closes the books."""
        self.keeper.settle_all()
        self.keeper.stop()

    def forked(self) -> None:
        """In the child after a fork: new books, of this process alone."""
        self.keeper.stop()
        self._open_anew()
        self.keeper.forked(self._known_ns)
        self.start()

    def settle(self) -> None:
        """Pays out everything up to now, in this thread and in all others."""
        known = set(self.keeper.settle_all())
        self._process_ns = time.process_time_ns() - self._process_from_ns
        self._reaped_ns = _reaped_ns() - self._reaped_from_ns
        named = {thread.native_id for thread in threading.enumerate()}
        clocks = _clocks()
        known.update(self.keeper.settle_all())  # threads that the keeper has met meanwhile are its own
        for tid, now_ns in clocks.items():
            if tid in known:
                continue
            before_ns = self._known_ns.get(tid, 0)
            more_ns = now_ns - before_ns
            if more_ns < 0:
                continue  # the keeper has met it since: to pay too much would be worse than too little
            self._known_ns[tid] = now_ns
            if tid in named:
                self._unseen_ns += more_ns
            else:
                self._native_ns += more_ns
        for tid in self._known_ns.keys() - clocks.keys():
            self._known_ns.pop(tid, None)  # unless the keeper did

    def balance(self, spans_ns: int, children_ns: int) -> Balance:
        """What the books said at the last `settle`, with what all spans hold."""
        buckets_ns = {name: self._accounts[name].self_ns for name in self._accounts}
        buckets_ns["unattributed.thread"] += self._unseen_ns
        buckets_ns["unattributed.native"] = self._native_ns
        buckets_ns["unattributed.children"] = max(0, self._reaped_ns - children_ns)
        return Balance(
            process_ns=self._process_ns,
            spans_ns=spans_ns,
            buckets_ns=buckets_ns,
            children_ns=children_ns,
        )


def _clocks() -> dict[int, int]:
    """The CPU of every thread of this process in nanoseconds, by its number.

    Where /proc is not mounted these are the threads that Python knows, and where threads have no clocks by number this one.
    """
    found = {threading.get_native_id(): time.thread_time_ns()}
    try:
        tids = [int(name) for name in os.listdir("/proc/self/task")]  # ruff: ignore[os-listdir] - pathlib is not loaded for this
    except OSError:
        tids = [thread.native_id for thread in threading.enumerate() if thread.native_id is not None]
    for tid in tids:
        try:
            # The clock by number, as in pure.py: cheaper than reading schedstat, and with the same figure.
            found[tid] = time.clock_gettime_ns((~tid << 3) | 6)
        except OSError:
            continue  # ended meanwhile
    return found


def _reaped_ns() -> int:
    """CPU of all child processes that were waited for, in nanoseconds."""
    try:
        import resource
    except ImportError:
        return 0
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return round((used.ru_utime + used.ru_stime) * 1e9)

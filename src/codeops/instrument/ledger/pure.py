# long: there is one ledger in a process, and its state is this module's, as it is that of one file in C
"""The ledger in Python: every CPU second of a thread goes to one account and only one.

One rule: when the owner of a thread changes, the CPU since the last change belongs to the owner that is leaving.
There is always an owner; "nobody" is a bucket. Nothing is computed as a remainder.

The thread clock costs a system call, so the adaptive clock reads it only where it must: an interval that was short by
the cheap clock is noted as pending, and the pending intervals share what the thread clock says at the next settlement.
Only differences of the thread clock are ever paid out, so the books balance whatever the cheap clock says.
`_native.c` is the same in C, with the same tests.
"""

import sys
import threading
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import ContextVar
from typing import Any
from weakref import WeakSet

from codeops.instrument.guard import complain, guarded

__all__ = [
    "HAS_WATCHER",
    "Account",
    "Step",
    "collecting",
    "current",
    "enter",
    "finish",
    "forked",
    "leave_thread",
    "lost",
    "mark_loop",
    "open_accounts",
    "resync",
    "set_drop",
    "settle_all",
    "start",
    "stop",
    "switch_to",
    "watch_contexts",
]

HAS_WATCHER = 0
"""Whether every change of the context can be followed (only in C, from Python 3.14)."""

lost: list[Any] = []
"""The `lines` of accounts that were dropped without an end; whoever reads it empties it."""

_SLOTS = 64
"""How many owners with short intervals a thread keeps before it settles."""

_KNOWN = 1024
"""How many threads are noted before the numbers of those that are gone are forgotten for the first time."""


class Account:
    """What one owner consumes of the CPU.

    Units: nanoseconds. `self_ns` while open, `late_ns` in its context after its end, `children_ns` of child processes.
    `lines` is the caller's: what else was counted.
    """

    __slots__ = ("__weakref__", "_drop", "_era", "_heir", "children_ns", "late_ns", "lines", "self_ns")

    def __init__(self, *_: object, **__: object) -> None:
        self.self_ns = self.late_ns = self.children_ns = 0
        self._era = _era
        self._heir: Account | None = None
        self._drop: Account | None = None
        self.lines: Any = None
        _open.add(self)

    @property
    def is_ended(self) -> bool:
        """Whether `end` was called."""
        return self._heir is not None

    def end(self, heir: "Account") -> None:
        """Ends the account: `heir` gets what it holds and what arrives later."""
        if self._heir is None:
            self._demand_heir(heir)
            self._add_to(heir)
            self._heir = heir
            _open.discard(self)

    def move(self, heir: "Account") -> None:
        """Moves what the account holds into another one, and goes on from zero; of an ended one the heir has it."""
        if self._heir is None:
            self._demand_heir(heir)
            self._add_to(heir)
            self.self_ns = self.late_ns = self.children_ns = 0

    def _demand_heir(self, heir: "Account") -> None:
        if not isinstance(heir, Account):
            raise TypeError("the heir of an account is an account")
        after: Account | None = heir
        while after is not None:  # a cycle of heirs would be paid for ever
            if after is self:
                raise ValueError("an account cannot be its own heir")
            after = after._heir

    def _add_to(self, account: "Account | None") -> None:
        """What it holds is added to another account, and to those that one has ended in."""
        while account is not None:
            account.self_ns += self.self_ns
            account.late_ns += self.late_ns
            account.children_ns += self.children_ns
            account = account._heir

    def charge_child(self, ns: int) -> None:
        """Adds the CPU of a child process."""
        account: Account | None = self
        while account is not None:
            account.children_ns += ns
            account = account._heir

    def __del__(self) -> None:
        if self._heir is None and self._drop is not None:
            guarded(_credit, self._drop, self.self_ns + self.late_ns)
            self._drop.children_ns += self.children_ns
            if self.lines is not None and self._era == _era:
                lost.append(self.lines)


class _Thread:
    """Of one thread: its owner, the clocks at the last change, and the short intervals that are not settled yet."""

    __slots__ = ("ahead_ns", "before_gc", "cpu_ns", "idle", "owner", "pending", "pending_ns", "tick_ns", "tid")

    def __init__(self, idle: Account) -> None:
        self.tid = threading.get_native_id()
        self.cpu_ns = self.ahead_ns = self.pending_ns = 0
        self.idle = self.owner = idle
        self.before_gc: Account | None = None
        self.pending: dict[Account, int] = {}
        self.tick_ns = time.perf_counter_ns()


class _Ending:
    """Is dropped when its thread ends, by that thread, whose clock can then still be read."""

    __slots__ = ("thread",)

    def __init__(self, thread: _Thread) -> None:
        self.thread = thread

    def __del__(self) -> None:
        if sys is None or sys.is_finalizing():
            return  # at the interpreter's end, when modules are emptied
        if threading.get_native_id() == self.thread.tid:  # not at the interpreter's end, where another thread clears up
            guarded(_bury, self.thread, time.thread_time_ns())


def _real_local() -> Any:
    """The interpreter's own `threading.local`, which gevent and eventlet replace by one that is local to greenlets."""
    return next(kind for kind in object.__subclasses__() if (kind.__module__, kind.__name__) == ("_thread", "_local"))


class _State(_real_local()):  # type: ignore[misc] # found at run time
    thread: _Thread | None = None
    ending: _Ending | None = None


_open: "WeakSet[Account]" = WeakSet()
_local = _State()
_threads: list[_Thread] = []
_is_running = False
_is_exact = False
_era = 0
_SEES_OTHERS = sys.platform == "linux"
_short_ns = 20_000
_pending_max_ns = 200_000
_var: ContextVar[Any]
_on_thread: Account
_on_loop: Account
_on_gc: Account
_on_unended = Account()
_known_ns: dict[int, int] = {}
_known_max = _KNOWN


def start(
    var: ContextVar[Any],
    thread: Account,
    loop: Account,
    gc: Account,
    unended: Account,
    known_ns: dict[int, int],
    *,
    exact: bool = False,
    short_ns: int = 20_000,
    pending_max_ns: int = 200_000,
) -> None:
    """Begins to keep the books, with these buckets.

    `known_ns` holds, by number of thread, the clock up to which somebody else accounted for a thread.
    Units: an interval up to `short_ns` hides no wait; `pending_max_ns` of such are settled together; nanoseconds.
    `exact` reads the thread clock at each change of owner instead.
    """
    global _is_running, _is_exact, _short_ns, _pending_max_ns, _var, _on_thread, _on_loop, _on_gc, _on_unended, _known_ns  # ruff: ignore[global-statement] - one ledger a process, as in C
    if _is_running:
        raise RuntimeError("the ledger is running already")
    _var, _on_thread, _on_loop, _on_gc, _on_unended, _known_ns = var, thread, loop, gc, unended, known_ns
    _is_exact, _short_ns, _pending_max_ns = exact, short_ns, pending_max_ns
    for account in (thread, loop, gc, unended):
        account._era = _era
    for left in _threads:
        _begin_anew(left)
    _is_running = True


def stop() -> None:
    """Ends: nothing is charged any more."""
    global _is_running, _era  # ruff: ignore[global-statement]
    if _is_running:
        _is_running = False
        _era += 1  # owners of these books are nobody's in the next ones


def forked(known_ns: dict[int, int]) -> None:
    """In the child after a fork: forgets the parent's threads and owners."""
    global _known_ns, _era  # ruff: ignore[global-statement]
    _known_ns = known_ns
    _era += 1
    mine = _local.thread
    alive = {thread.native_id for thread in threading.enumerate()}  # whoever heard of the fork earlier may have started some
    _threads[:] = [thread for thread in _threads if thread is not mine and thread.tid in alive]
    for thread in _threads:
        _begin_anew(thread)
    if mine is not None:
        mine.tid = threading.get_native_id()
        _begin_anew(mine)
        mine.cpu_ns = 0  # its clock began again with the fork
        _threads.append(mine)


def switch_to(owner: Account | None) -> Account:
    """Makes an account (None: the thread's bucket) the owner of this thread; returns the one before."""
    _demand_running()
    thread = _this_thread()
    before = thread.owner
    _switch(thread, _meant(thread, owner))
    return before


def enter(owner: Account | None) -> None:
    """Makes an account the owner of this context and thread."""
    _var.set(owner)
    if _is_running:
        thread = _local.thread or _enrol()
        _switch(thread, _meant(thread, owner))


def resync() -> None:
    """Makes the owner of this context the owner of this thread."""
    if _is_running:
        thread = _this_thread()
        _switch(thread, _meant(thread, _var.get(None)))


def current() -> Account:
    """The owner of this thread."""
    _demand_running()
    return _this_thread().owner


def mark_loop(is_loop: object) -> bool:
    """Says whether an event loop runs in this thread; returns what was said before."""
    if not _is_running:
        return False
    thread = _this_thread()
    before = thread.idle
    thread.idle = _on_loop if is_loop else _on_thread
    if thread.owner is before:
        _switch(thread, thread.idle)
    return before is _on_loop


def collecting(phase: str, _info: object = None) -> None:
    """The callback for `gc.callbacks`: a collection has a bucket of its own, and then the saved owner goes on."""
    if _is_running:
        guarded(_collect, phase)


def _collect(phase: str) -> None:
    thread = _this_thread()
    if phase == "start":
        thread.before_gc = thread.owner
        _switch(thread, _on_gc)
    elif thread.before_gc is not None:
        saved, thread.before_gc = thread.before_gc, None
        _switch(thread, _meant(thread, saved))


def finish(account: Account) -> int:
    """The account's own CPU in nanoseconds, up to now as far as this thread knows.

    What is pending is paid at once at face value, and taken off the next settlement.
    """
    thread = _this_thread() if _is_running else None
    if thread is not None:
        if thread.owner is account:
            _close_interval(thread)
        pending_ns = thread.pending.pop(account, 0)
        if pending_ns:
            thread.pending_ns -= pending_ns
            thread.ahead_ns += pending_ns
            _credit(account, pending_ns)
    return account.self_ns


def settle_all() -> list[int]:
    """Pays out everything in all threads; the numbers of the threads known."""
    mine = _local.thread
    for thread in list(_threads):
        if not _is_running:
            break
        if thread is not mine and not _SEES_OTHERS:
            continue
        try:
            now = time.thread_time_ns() if thread is mine else time.clock_gettime_ns(_clock_of(thread.tid))
        except OSError:  # the thread has ended without a word
            _threads.remove(thread)
            _settle(thread, thread.owner, thread.cpu_ns)
            continue
        _settle(thread, thread.owner, now)
        thread.tick_ns = time.perf_counter_ns()
    return [thread.tid for thread in _threads]


def leave_thread() -> None:
    """Pays out and forgets this thread."""
    _local.thread = _local.ending = None


def open_accounts() -> list[Account]:
    """All accounts that were not ended."""
    return list(_open)


def set_drop(account: Account) -> None:
    """Lets the account's CPU go to the bucket of unended spans should it be dropped."""
    if account is not _on_unended:
        account._drop = _on_unended


def watch_contexts(_wish: object) -> None:
    """Follows nothing: only the ledger in C can."""


def _demand_running() -> None:
    if not _is_running:
        raise RuntimeError("the ledger is not running")


def _this_thread() -> _Thread:
    return _local.thread or _enrol()


def _enrol() -> _Thread:
    thread = _Thread(_on_thread)
    for ended in [other for other in _threads if other.tid == thread.tid]:
        _threads.remove(ended)  # without a word, and its number was given to this one
    now = time.thread_time_ns()
    known_ns = _known_ns.get(thread.tid, 0)
    _note_known(thread.tid, now)
    thread.cpu_ns = known_ns if known_ns <= now else 0  # else it was known of an ended thread
    _local.thread, _local.ending = thread, _Ending(thread)
    _threads.append(thread)
    _settle(thread, None, now)
    return thread


def _bury(thread: _Thread, now: int) -> None:
    """Pays out and forgets a thread; it may be seen for a moment after its end, or come back, and is not paid twice."""
    _note_known(thread.tid, now)
    _settle(thread, thread.owner, now)
    with suppress(ValueError):
        _threads.remove(thread)


def _note_known(tid: int, now: int) -> None:
    """Tells others up to which clock a thread was accounted for; numbers of threads that are gone are forgotten in time."""
    global _known_max  # ruff: ignore[global-statement]
    if len(_known_ns) >= _known_max:
        for other in list(_known_ns):
            try:
                time.clock_gettime_ns(_clock_of(other))
            except OSError:
                _known_ns.pop(other, None)
        _known_max = max(_KNOWN, 2 * len(_known_ns))
    _known_ns[tid] = now


def _begin_anew(thread: _Thread) -> None:
    """Owned by nobody, with everything up to now behind it."""
    with suppress(OSError):
        thread.cpu_ns = time.clock_gettime_ns(_clock_of(thread.tid))
    thread.owner = thread.idle = _on_thread
    thread.before_gc = None
    thread.tick_ns = time.perf_counter_ns()
    thread.ahead_ns = thread.pending_ns = 0
    thread.pending = {}


def _clock_of(tid: int) -> int:
    """The clock of a thread by its number.

    Source: Linux, include/linux/posix-timers_types.h, CPUCLOCK_PERTHREAD | CPUCLOCK_SCHED = 6 below the inverted
    number; read 2026-11-25. An error once the thread has ended, where pthread_getcpuclockid would crash.
    """
    return (~tid << 3) | 6


def _meant(thread: _Thread, owner: object) -> Account:
    """The account that an object stands for in this thread: itself, or the thread's bucket."""
    return owner if isinstance(owner, Account) and owner._era == _era else thread.idle


def _credit(account: Account, ns: int) -> None:
    heir = account._heir
    if heir is None:
        account.self_ns += ns
        return
    while heir is not None:
        account.late_ns += ns
        account, heir = heir, heir._heir
    account.late_ns += ns


def _settle(thread: _Thread, rest_to: Account | None, cpu_ns: int) -> None:
    """Pays out the CPU since the last time: pending intervals first, the rest to `rest_to`, or in proportion if None."""
    due = cpu_ns - thread.cpu_ns
    if due < 0:
        due = 0
    else:
        thread.cpu_ns = cpu_ns
    if due < thread.ahead_ns:
        thread.ahead_ns -= due
        due = 0
    else:
        due -= thread.ahead_ns
        thread.ahead_ns = 0
    total, pending = thread.pending_ns, thread.pending
    thread.pending_ns = 0
    if pending:
        thread.pending = {}
        is_shared = total > 0 and (rest_to is None or total > due)
        left, last = due, len(pending) - 1
        for number, (account, ns) in enumerate(pending.items()):
            part_ns = ns if not is_shared else left if number == last else min(left, due * ns // total)
            left -= part_ns
            _credit(account, part_ns)
        due = left
    if due > 0:
        _credit(rest_to if rest_to is not None else thread.owner, due)


def _close_interval(thread: _Thread) -> None:
    """The interval since the last switch goes to the owner that is leaving."""
    if _is_exact:
        _settle(thread, None, time.thread_time_ns())
        return
    now = time.perf_counter_ns()
    passed = now - thread.tick_ns
    if passed <= 0:
        return  # between the two readings somebody settled: a collection, or another thread
    thread.tick_ns = now
    if passed > _short_ns:
        _settle(thread, thread.owner, time.thread_time_ns())
        return
    pending = thread.pending
    pending[thread.owner] = pending.get(thread.owner, 0) + passed
    thread.pending_ns += passed
    if thread.pending_ns + thread.ahead_ns > _pending_max_ns or len(pending) >= _SLOTS:
        _settle(thread, None, time.thread_time_ns())


def _switch(thread: _Thread, to: Account) -> None:
    if to is thread.owner:
        return
    _close_interval(thread)
    thread.owner = to
    if to is _on_thread and thread.idle is _on_thread and thread.pending:
        _settle(thread, None, time.thread_time_ns())  # the end of a work item: nothing may come for a long time


class Step:
    """A coroutine whose steps are charged to the owner of the context they run in.

    `send` and `throw` are closures that asyncio finds on the instance: one look-up less at each step.
    """

    __slots__ = ("__weakref__", "__wrapped__", "close", "send", "throw")

    def __init__(self, coroutine: "Coroutine[Any, Any, Any]") -> None:
        self.__wrapped__ = coroutine
        self.send = _charged(coroutine.send)
        self.throw = _charged(coroutine.throw)
        self.close = _charged(coroutine.close)

    def __await__(self) -> "Step":
        return self

    def __iter__(self) -> "Step":
        return self

    def __next__(self) -> Any:
        return self.send(None)

    def __getattr__(self, name: str) -> Any:
        return getattr(object.__getattribute__(self, "__wrapped__"), name)

    def __repr__(self) -> str:
        return repr(self.__wrapped__)


def _charged(step: Callable[..., Any]) -> Callable[..., Any]:
    def charged(*args: Any) -> Any:
        if not _is_running:
            return step(*args)
        outer: Account | None = None
        try:
            thread = _local.thread or _enrol()
            outer = thread.owner
            # As `_meant`, without its call: this is each step's way.
            to = owner if isinstance(owner := _var.get(None), Account) and owner._era == _era else thread.idle
            if to is not outer:
                _switch(thread, to)
        except Exception as problem:
            complain(problem)
        try:
            return step(*args)
        finally:
            if outer is not None and _is_running and outer is not thread.owner:
                try:
                    _switch(thread, outer if outer._era == _era else thread.idle)
                except Exception as problem:
                    complain(problem)

    return charged

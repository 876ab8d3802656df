"""A task of trio takes a step, or gives work to a thread; what trio does in between is the loop's own.

An instrument is added to each run, as `trio.run(instruments=...)` would. `trio.run` and `trio.lowlevel.start_guest_run`
both go through one function of trio's, private but the same from trio 0.28 to 0.35, which catches code that imported
`run` earlier. A run that is going on in the thread that installs gets the instrument through trio's public function.
What `trio.from_thread.run_sync` runs is paid by the loop. From Python 3.14 the ledger in C follows the contexts of the
tasks by itself.
"""

import functools
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from weakref import WeakSet

from codeops.instrument import imports
from codeops.instrument.borrowing import borrowed
from codeops.instrument.guard import complain
from codeops.instrument.ledger import OWNER
from codeops.instrument.patch import Hooks, Live

__all__ = ["install", "uninstall"]

_hooks = Hooks()
_keeper: Any = None


class _Run:
    """The instrument of one run: what trio itself does is the loop's."""

    def __init__(self) -> None:
        self._was_loop = False
        _runs.add(self)

    def before_run(self) -> None:
        """The run begins in this thread."""
        if _keeper is not None:
            self._was_loop = _keeper.mark_loop(1)

    def after_run(self) -> None:
        """The run is over."""
        if _keeper is not None:
            _keeper.mark_loop(self._was_loop)


class _SteppedRun(_Run):
    """The same where the ledger does not follow contexts by itself: a step belongs to the owner of the task's context."""

    def __init__(self) -> None:
        super().__init__()
        self._outer: Any = None

    def before_task_step(self, task: Any) -> None:
        """The owner of the task goes on; whoever it was comes after it, as in a guest run."""
        if _keeper is not None:
            try:
                self._outer = _keeper.switch_to(task.context.get(OWNER))
            except Exception as problem:
                complain(problem)

    def after_task_step(self, _task: Any) -> None:
        """Back to whoever it was."""
        if _keeper is not None:
            try:
                _keeper.switch_to(self._outer)
            except Exception as problem:
                complain(problem)


_runs: "WeakSet[_Run]" = WeakSet()


def install(keeper: Any) -> None:
    """Follows all runs that begin from now on, and the one of this thread."""
    global _keeper  # ruff: ignore[global-statement] - one process has one ledger
    _keeper = keeper
    imports.when_imported("trio", _hook)


def uninstall() -> None:
    """Follows nothing any more; the instruments of runs in other threads stay, and do nothing."""
    global _keeper  # ruff: ignore[global-statement]
    imports.forget("trio", _hook)
    _hooks.undo()
    trio = sys.modules.get("trio")
    if trio is not None and trio.lowlevel.in_trio_run():
        for run in list(_runs):
            with suppress(KeyError):  # another thread's
                trio.lowlevel.remove_instrument(run)
    _keeper = None


def _hook() -> None:
    trio = sys.modules["trio"]
    _hooks.wrap(sys.modules["trio._core._run"], "setup_runner", _setting_up)
    _hooks.wrap(trio.to_thread, "run_sync", _calling)
    if trio.lowlevel.in_trio_run():
        run = _made()
        trio.lowlevel.add_instrument(run)
        run.before_run()


def _made() -> _Run:
    return _Run() if _keeper.HAS_WATCHER else _SteppedRun()


def _setting_up(original: Callable[..., Any], _live: Live) -> Callable[..., Any]:
    def setup_runner(clock: Any, instruments: Any, *args: Any, **options: Any) -> Any:
        given = instruments if _keeper is None else [*instruments, _made()]
        return original(clock, given, *args, **options)

    return setup_runner


def _calling(original: Callable[..., Any], _live: Live) -> Callable[..., Any]:
    async def calling(sync_fn: Callable[..., Any], *args: Any, **options: Any) -> Any:
        owner = OWNER.get()
        if owner is not None and _keeper is not None:
            sync_fn = functools.wraps(sync_fn)(borrowed(_keeper, owner, sync_fn))  # its name becomes the thread's
        return await original(sync_fn, *args, **options)

    return calling

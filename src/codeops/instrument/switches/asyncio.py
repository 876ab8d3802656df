"""A task of asyncio takes a step, on the loop of asyncio or uvloop; what the loop does in between is its own.

`create_task` of the loops' classes is wrapped, not the task factory, which belongs to applications: each coroutine
runs inside a `Step`, which makes the owner of the task's context the owner of the thread and afterwards puts back
whoever it was, so that a first step that is run eagerly inside its creator's step is not charged to the wrong one.
From Python 3.14 the ledger in C follows changes of the context instead, and no coroutine is wrapped.
A task that is made by calling `asyncio.Task` is not seen before 3.14; `inspect.iscoroutine(task.get_coro())` is then False.
"""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from codeops.instrument import imports
from codeops.instrument.guard import complain
from codeops.instrument.patch import Hooks, Live

__all__ = ["install", "uninstall"]

_hooks = Hooks()
_keeper: Any = None


def install(keeper: Any) -> None:
    """Follows all tasks that are made from now on."""
    global _keeper  # ruff: ignore[global-statement] - one process has one ledger
    _keeper = keeper
    Coroutine.register(keeper.Step)
    _hook(asyncio.BaseEventLoop)
    imports.when_imported("uvloop", _hook_uvloop)
    if keeper.HAS_WATCHER:
        keeper.watch_contexts(1)
    if asyncio._get_running_loop() is not None:
        keeper.mark_loop(1)


def uninstall() -> None:
    """Follows no new tasks; those that run go on in their `Step`, which only passes calls on."""
    global _keeper  # ruff: ignore[global-statement]
    imports.forget("uvloop", _hook_uvloop)
    _hooks.undo()
    if _keeper is not None and _keeper.HAS_WATCHER:
        _keeper.watch_contexts(0)
    _keeper = None


def _hook_uvloop() -> None:
    _hook(sys.modules["uvloop"].Loop)


def _hook(loop: type) -> None:
    _hooks.wrap(loop, "run_forever", _running)
    if not _keeper.HAS_WATCHER:
        _hooks.wrap(loop, "create_task", _creating)


def _creating(original: Callable[..., Any], _live: Live) -> Callable[..., Any]:
    def create_task(self: Any, coro: Any, **options: Any) -> Any:
        keeper = _keeper
        if keeper is not None and type(coro) is not keeper.Step and asyncio.iscoroutine(coro):
            coro = keeper.Step(coro)
        return original(self, coro, **options)

    return create_task


def _running(original: Callable[..., Any], _live: Live) -> Callable[..., Any]:
    def running(self: Any) -> Any:
        keeper = _keeper
        if keeper is None:
            return original(self)
        was_loop = _marked(keeper, 1)
        try:
            return original(self)
        finally:
            _marked(keeper, was_loop)

    return running


def _marked(keeper: Any, is_loop: Any) -> Any:
    try:
        return keeper.mark_loop(is_loop)
    except Exception as problem:
        complain(problem)
        return 0

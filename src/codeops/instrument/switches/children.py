"""A child process ends: what it consumed belongs to the owner that started it.

The owner is noted beside the child's number by everything that starts one: `subprocess`, `os.fork`, `os.posix_spawn`,
`multiprocessing`. `os.waitpid` and `os.wait` are replaced by ones that are built on `os.wait4` and have the same
results, since that call tells the CPU of the child. Where `os.waitpid` was replaced by somebody else before, it stays:
such children are in the bucket `unattributed.children`, like those that uvloop, gevent and `os.system` reap in C, and
like those of the fork server of `multiprocessing`, which are its children and not ours.
From Python 3.12 on, the interpreter's warning of a fork with several threads names this file as its place.
The workers of a pool live on for others: they are charged only if they are reaped before the span that started them ends.
"""

import os
import sys
from collections.abc import Callable
from types import BuiltinFunctionType
from typing import Any

from codeops.instrument import imports
from codeops.instrument.guard import guarded
from codeops.instrument.ledger import OWNER
from codeops.instrument.patch import Hooks, Live

__all__ = ["install", "uninstall"]

_MOST = 4096
"""How many children are noted; past them the one that was started first is forgotten."""

_POOLS = frozenset({"billiard", "concurrent", "joblib", "loky", "multiprocessing"})
"""Packages whose own processes work for whoever comes."""

_hooks = Hooks()
_is_on = False
_parent = 0
_started: dict[int, tuple[Any, bool]] = {}
"""By the number of a child: the owner that started it, and whether it is a pool's. Changed by single operations only,
because a signal handler or another thread may start or reap a child at any moment."""


def install(_keeper: Any) -> None:
    """Follows the children that are started from now on."""
    global _is_on, _parent
    if not hasattr(os, "wait4"):
        return
    _is_on, _parent = True, os.getpid()
    for name in ("fork", "posix_spawn", "posix_spawnp"):
        _hooks.wrap(os, name, _starting)
    _hooks.wrap(os, "forkpty", _starting_with_terminal)
    for name, make in _WAITS.items():
        if isinstance(getattr(os, name), BuiltinFunctionType):
            _hooks.wrap(os, name, make)
    for module, hook in _MODULES.items():
        imports.when_imported(module, hook)


def uninstall() -> None:
    """Takes the hooks out, and forgets who started what."""
    global _is_on  # ruff: ignore[global-statement] - one process has one ledger
    _is_on = False
    for module, hook in _MODULES.items():
        imports.forget(module, hook)
    _hooks.undo()
    _started.clear()


def _note(pid: int, is_pool: bool = False) -> None:
    if not _is_on:
        return
    _forget_if_forked()
    owner = OWNER.get()
    if owner is None:
        _started.pop(pid, None)  # of a child that had the same number
        return
    while len(_started) >= _MOST:
        _started.pop(next(iter(_started)), None)
    _started[pid] = (owner, is_pool)


def _charge(pid: int, status: int, usage: Any) -> None:
    if pid == 0 or not (os.WIFEXITED(status) or os.WIFSIGNALED(status)):
        return  # it lives: nothing has changed, or it was stopped or continued
    _forget_if_forked()
    owner, is_pool = _started.pop(pid, (None, False))
    if owner is not None and not (is_pool and owner.is_ended):
        owner.charge_child(round((usage.ru_utime + usage.ru_stime) * 1e9))


def _forget_if_forked() -> None:
    global _parent  # ruff: ignore[global-statement]
    if os.getpid() != _parent:
        _parent = os.getpid()
        _started.clear()  # the parent's children are not this process's


def _starting(original: Callable[..., Any], _live: Live) -> Callable[..., Any]:
    def start(*args: Any, **options: Any) -> Any:
        pid = original(*args, **options)
        if pid:
            guarded(_note, pid)
        return pid

    return start


def _starting_with_terminal(original: Callable[..., Any], _live: Live) -> Callable[..., Any]:
    def forkpty() -> Any:
        pid, terminal = original()
        if pid:
            guarded(_note, pid)
        return pid, terminal

    return forkpty


def _wait4(pid: int, options: int) -> Any:
    import posix  # has the system's own function, whatever `os.wait4` has become

    ended = posix.wait4(pid, options)
    guarded(_charge, *ended)
    return ended


def _waiting_for_one(_original: Callable[..., Any], _live: Live) -> Callable[..., Any]:
    def waitpid(pid: int, options: int, /) -> Any:
        return _wait4(pid, options)[:2]

    return waitpid


def _waiting(_original: Callable[..., Any], _live: Live) -> Callable[..., Any]:
    def wait() -> Any:
        return _wait4(-1, 0)[:2]

    return wait


def _waiting_with_usage(original: Callable[..., Any], _live: Live) -> Callable[..., Any]:
    def wait(*args: Any, **options: Any) -> Any:
        ended = original(*args, **options)
        guarded(_charge, *ended)
        return ended

    return wait


_WAITS = {"waitpid": _waiting_for_one, "wait": _waiting, "wait3": _waiting_with_usage, "wait4": _waiting_with_usage}


def _hook_subprocess() -> None:
    module = sys.modules["subprocess"]
    _hooks.wrap(module, "_fork_exec", _starting)
    # `Popen.poll` uses an `os.waitpid` that was captured when the class was made, so that it works at the interpreter's end.
    if hasattr(module, "_del_safe"):
        _hooks.wrap(module._del_safe, "waitpid", _waiting_for_one)
    elif module.Popen.__module__ == "subprocess":  # else gevent's
        _hooks.wrap(module.Popen, "_internal_poll", _polling)


def _polling(original: Callable[..., Any], live: Live) -> Callable[..., Any]:
    waitpid = _waiting_for_one(original, live)

    def _internal_poll(self: Any, *args: Any, **options: Any) -> Any:
        return original(self, *args, **{"_waitpid": waitpid, **options})

    return _internal_poll


def _hook_multiprocessing() -> None:
    _hooks.wrap(sys.modules["multiprocessing.process"].BaseProcess, "start", _starting_process)


def _starting_process(original: Callable[..., Any], _live: Live) -> Callable[..., Any]:
    def start(self: Any) -> Any:
        target = getattr(self, "_target", None)  # it lets go of it when it has started
        outcome = original(self)
        guarded(_note_process, self, target)
        return outcome

    return start


def _note_process(process: Any, target: Any) -> None:
    if getattr(process._popen, "method", "") != "forkserver":
        _note(process.pid, (getattr(target, "__module__", None) or "").partition(".")[0] in _POOLS)


_MODULES = {"subprocess": _hook_subprocess, "multiprocessing.process": _hook_multiprocessing}

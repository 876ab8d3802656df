"""A thread begins: the ledger knows it from then on; when it ends, the ledger hears that by itself.

A thread inherits no owner from the span that starts it: pools, exporters and drivers often start theirs within a
request and would be charged to it for ever. `codeops.bind` hands an owner over where that is meant.
A thread of gevent or eventlet is a greenlet in a thread that goes on: nothing may be forgotten when it ends.
"""

import threading
from collections.abc import Callable
from types import MethodType
from typing import Any

from codeops.instrument.guard import guarded
from codeops.instrument.patch import Hooks, Live

__all__ = ["install", "uninstall"]

_hooks = Hooks()
_keeper: Any = None


def install(keeper: Any) -> None:
    """Wraps what every thread of Python runs."""
    global _keeper  # ruff: ignore[global-statement] - one process has one ledger
    _keeper = keeper

    def starting(original: Callable[..., Any], _live: Live) -> Callable[..., Any]:
        def start(self: threading.Thread) -> Any:
            if _keeper is not None:
                _follow(_keeper, self)
            return original(self)

        return start

    _hooks.wrap(threading.Thread, "start", starting)


def uninstall() -> None:
    """Takes the hook out."""
    global _keeper  # ruff: ignore[global-statement]
    _hooks.undo()
    _keeper = None


def _follow(keeper: Any, thread: threading.Thread) -> None:
    work, own = thread.run, vars(thread).get("run")

    def run(self: threading.Thread) -> Any:
        if own is None:
            vars(self).pop("run", None)  # else the thread would hold itself, and be there until the collector finds it
        guarded(keeper.enter, None)
        return work()

    # A method, as it was: sentry-sdk takes the function out of it and passes the thread itself.
    thread.run = MethodType(run, thread)  # type: ignore[method-assign]

"""Lets work that a request hands to a thread count for that request.

`asyncio.to_thread` copies the context and needs nothing. `ThreadPoolExecutor.submit` and `Thread.start` do not:
they are wrapped, so that the thread counts for the tally, and under the line, that gave it the work.
Only our own state is carried over; context variables of the user's stay as Python has them.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import MethodType
from typing import Any

from codeops.instrument import callsite
from codeops.instrument.patch import Hooks, Live
from codeops.instrument.recorder import Tally, current_tally, scope

__all__ = ["install", "uninstall"]

_hooks = Hooks()


def install() -> None:
    """Wraps the two ways in which work reaches a thread."""
    _hooks.wrap(ThreadPoolExecutor, "submit", _submit)
    _hooks.wrap(threading.Thread, "start", _start)


def uninstall() -> None:
    """Puts both back."""
    _hooks.undo()


def _submit(original: Callable[..., Any], live: Live) -> Callable[..., Any]:
    def submit(self: ThreadPoolExecutor, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        # Also without a tally: the pool's thread may have been started by a request and would count for it.
        return original(self, _carried(fn, current_tally() if live() else None), *args, **kwargs)

    return submit


def _start(original: Callable[..., Any], live: Live) -> Callable[..., Any]:
    def start(self: threading.Thread) -> Any:
        tally = current_tally() if live() else None
        if tally is not None:
            work = _carried(self.run, tally)
            # A method, as it was: sentry-sdk takes the function out of it and passes the thread itself.
            self.run = MethodType(lambda _thread: work(), self)  # type: ignore[method-assign]
        return original(self)

    return start


def _carried(function: Callable[..., Any], tally: Tally | None) -> Callable[..., Any]:
    origin = callsite.find(tally.root)[0] if tally is not None else None

    def carried(*args: Any, **kwargs: Any) -> Any:
        callsite.set_thread_origin(origin)
        with scope(tally):
            return function(*args, **kwargs)

    return carried

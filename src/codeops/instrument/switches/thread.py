"""A thread ends: what it consumed last is paid out while its clock can still be read.

A thread inherits no owner from the span that starts it: pools, exporters and drivers often start theirs within a
request and would be charged to it for ever. `codeops.bind` hands an owner over where that is meant.
"""

import threading
from collections.abc import Callable
from typing import Any

from codeops.instrument.patch import Hooks, Live

__all__ = ["install", "uninstall"]

_hooks = Hooks()


def install(keeper: Any) -> None:
    """Wraps what every thread of Python runs."""

    def starting(original: Callable[..., Any], _live: Live) -> Callable[..., Any]:
        def start(self: threading.Thread) -> Any:
            self.run = _followed(keeper, self.run)  # type: ignore[method-assign]
            return original(self)

        return start

    _hooks.wrap(threading.Thread, "start", starting)


def uninstall() -> None:
    """Takes the hook out."""
    _hooks.undo()


def _followed(keeper: Any, work: Callable[[], Any]) -> Callable[[], Any]:
    def run() -> Any:
        keeper.enter(None)  # from now on the ledger knows the thread
        try:
            return work()
        finally:
            keeper.leave_thread()

    return run

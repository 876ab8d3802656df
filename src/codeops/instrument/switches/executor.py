"""A work item of a thread pool begins or ends: it works for the owner that submitted it.

Only the owner is handed over, not the context: context variables of the user's stay as Python has them.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from codeops.instrument.borrowing import borrowed
from codeops.instrument.ledger import OWNER
from codeops.instrument.patch import Hooks, Live

__all__ = ["install", "uninstall"]

_hooks = Hooks()


def install(keeper: Any) -> None:
    """Wraps `submit`, which `run_in_executor` and `asyncio.to_thread` go through."""

    def submitting(original: Callable[..., Any], _live: Live) -> Callable[..., Any]:
        def submit(self: ThreadPoolExecutor, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
            owner = OWNER.get()
            return original(self, fn if owner is None else borrowed(keeper, owner, fn), *args, **kwargs)

        return submit

    _hooks.wrap(ThreadPoolExecutor, "submit", submitting)


def uninstall() -> None:
    """Takes the hook out."""
    _hooks.undo()

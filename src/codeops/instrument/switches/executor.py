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
_keeper: Any = None


def install(keeper: Any) -> None:
    """Wraps `submit`, which `run_in_executor` and `asyncio.to_thread` go through."""
    global _keeper  # ruff: ignore[global-statement] - one process has one ledger
    _keeper = keeper

    def submitting(original: Callable[..., Any], _live: Live) -> Callable[..., Any]:
        def submit(self: ThreadPoolExecutor, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
            owner = OWNER.get()
            return original(self, fn if owner is None or _keeper is None else borrowed(_keeper, owner, fn), *args, **kwargs)

        return submit

    _hooks.wrap(ThreadPoolExecutor, "submit", submitting)


def uninstall() -> None:
    """Takes the hook out."""
    global _keeper  # ruff: ignore[global-statement]
    _hooks.undo()
    _keeper = None

"""A function runs in a worker thread of anyio, as the `def` endpoints of Starlette and FastAPI do.

anyio has threads of its own and takes the context along; it is the ledger that must be told.
"""

import sys
from collections.abc import Callable
from typing import Any

from codeops.instrument import imports
from codeops.instrument.borrowing import borrowed
from codeops.instrument.ledger import OWNER
from codeops.instrument.patch import Hooks, Live

__all__ = ["install", "uninstall"]

_MODULE = "anyio.to_thread"
_hooks = Hooks()
_keeper: Any = None


def install(keeper: Any) -> None:
    """Wraps `anyio.to_thread.run_sync`, now or when it is imported."""
    global _keeper  # ruff: ignore[global-statement] - one process has one ledger
    _keeper = keeper
    imports.when_imported(_MODULE, _hook)


def uninstall() -> None:
    """Takes the hook out."""
    imports.forget(_MODULE, _hook)
    _hooks.undo()


def _hook() -> None:
    _hooks.wrap(sys.modules[_MODULE], "run_sync", _calling)


def _calling(original: Callable[..., Any], _live: Live) -> Callable[..., Any]:
    async def calling(func: Callable[..., Any], *args: Any, **options: Any) -> Any:
        owner = OWNER.get()
        return await original(func if owner is None else borrowed(_keeper, owner, func), *args, **options)

    return calling

"""The garbage collector runs: whoever triggers it need not have made the garbage, so it has a bucket of its own."""

import gc
from typing import Any

__all__ = ["install", "uninstall"]

_callback: Any = None


def install(keeper: Any) -> None:
    """Adds the ledger's callback; those of others stay."""
    global _callback  # ruff: ignore[global-statement] - the interpreter has one collector
    if _callback is None:
        _callback = keeper.collecting
        gc.callbacks.append(_callback)


def uninstall() -> None:
    """Takes it out."""
    global _callback  # ruff: ignore[global-statement]
    if _callback in gc.callbacks:
        gc.callbacks.remove(_callback)
    _callback = None

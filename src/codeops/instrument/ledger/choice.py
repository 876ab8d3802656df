"""Which ledger is kept: in C where that could be built, else in Python; and the variable that names the owner in each context."""

import sys
from contextvars import ContextVar
from importlib import import_module
from typing import Any

from codeops.core.errors import UnsupportedLedger

__all__ = ["NAMES", "OWNER", "choose", "choose_accounts"]

NAMES = ("auto", "native", "pure", "off")
"""What may be asked for; `auto` is `native` where it is there, else `pure`, and `off` on a free-threaded build."""

OWNER: "ContextVar[Any]" = ContextVar("codeops_owner", default=None)
"""The account of the innermost span that is active in this context."""


def choose(name: str = "auto") -> Any:
    """The module that keeps the books, or None for `off`.

    Raises: UnsupportedLedger.
    """
    if name not in NAMES:
        raise UnsupportedLedger(f"there is no ledger called {name!r}", why=f"known are {', '.join(NAMES)}", fix='use "auto"')
    if name == "off":
        return None
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        raise UnsupportedLedger(
            "CPU cannot be attributed to spans on a free-threaded Python",
            why="its counters are exact only under the global interpreter lock, and this interpreter runs without it",
            fix="run with PYTHON_GIL=1, or turn the ledger off: counts and bytes work all the same",
        )
    if name in {"auto", "native"}:
        try:
            return import_module("codeops.instrument.ledger._native")
        except ImportError as missing:
            if name == "native":
                raise UnsupportedLedger(
                    "the ledger in C is not there",
                    why=str(missing),
                    fix='install codeops where a C compiler is, or use ledger = "pure", which is slower and as exact',
                ) from missing
    return import_module("codeops.instrument.ledger.pure")


def choose_accounts() -> Any:
    """The module that stands in where nobody keeps the CPU."""
    return import_module("codeops.instrument.ledger.off")

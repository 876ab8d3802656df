"""No ledger: nobody keeps the CPU, and all else that is counted still finds the owner of its context."""

from typing import Any

from codeops.instrument.ledger.choice import OWNER
from codeops.instrument.ledger.pure import Account, lost, open_accounts

__all__ = [
    "HAS_WATCHER",
    "Account",
    "Step",
    "collecting",
    "enter",
    "finish",
    "forked",
    "leave_thread",
    "lost",
    "mark_loop",
    "open_accounts",
    "set_drop",
    "switch_to",
    "watch_contexts",
]

HAS_WATCHER = 1
"""A task's owner is in its context, and there is no CPU that its steps would have to be told apart for."""

_dropped = Account()


class Step:
    """A coroutine whose steps are charged: there is none here."""


def enter(owner: Account | None) -> None:
    """Makes an account the owner of this context."""
    OWNER.set(owner)


def finish(account: Account) -> int:
    """The account's own CPU: nothing."""
    del account
    return 0


def forked(_known_ns: dict[int, int]) -> None:
    """Nothing: there are no clocks."""


def set_drop(account: Account) -> None:
    """Lets what was counted for the account be told should it be dropped without an end."""
    account._drop = _dropped


def mark_loop(_is_loop: object) -> bool:
    """Nothing: the time of an event loop is not measured."""
    return False


def collecting(_phase: str, _info: Any = None) -> None:
    """Nothing: the time of the collector is not measured."""


def leave_thread() -> None:
    """Nothing is known of threads."""


def switch_to(_owner: Account | None) -> Account | None:
    """Raises: RuntimeError, since no thread has an owner here."""
    raise RuntimeError("the ledger is not running")


def watch_contexts(_wish: object) -> None:
    """Nothing has to be followed."""

"""Work that is done for an owner in another thread or later: `bind`, and the hooks on pools."""

from collections.abc import Callable
from typing import Any

from opentelemetry.context import get_current

from codeops.instrument.ledger import OWNER
from codeops.instrument.tracing.ownership import BORROWED

__all__ = ["borrowed"]


def borrowed(keeper: Any, owner: Any, function: Callable[..., Any]) -> Callable[..., Any]:
    """`function`, which works for `owner` while it runs, in whatever thread that is."""

    def working(*args: Any, **kwargs: Any) -> Any:
        before = OWNER.get()
        token = BORROWED.set((owner, get_current()))
        keeper.enter(owner)
        try:
            return function(*args, **kwargs)
        finally:
            BORROWED.reset(token)
            keeper.enter(before)

    working.__wrapped__ = function  # type: ignore[attr-defined] # as functools.wraps does, without its cost for each item
    return working

"""Work that is done for an owner in another thread or later: `bind`, and the hooks on pools."""

from collections.abc import Callable
from typing import Any

from opentelemetry.context import get_current

from codeops.instrument.guard import complain
from codeops.instrument.ledger import OWNER
from codeops.instrument.tracing.ownership import BORROWED

__all__ = ["borrowed"]


def borrowed(keeper: Any, owner: Any, function: Callable[..., Any]) -> Callable[..., Any]:
    """`function`, which works for `owner` while it runs, in whatever thread that is."""

    def working(*args: Any, **kwargs: Any) -> Any:
        before = OWNER.get()
        mark = [owner, get_current()]
        token = BORROWED.set(mark)
        outer = _switched(keeper, owner)
        if before is not owner:
            OWNER.set(owner)
        try:
            return function(*args, **kwargs)
        finally:
            mark.clear()  # asgiref carries whatever the context holds back to where the work was ordered
            BORROWED.reset(token)
            if before is not owner:
                OWNER.set(before)
            # Not to the owner that the context names: with a context that came along it would go on owning the thread.
            if outer is not None:
                _switched(keeper, outer)

    working.__wrapped__ = function  # type: ignore[attr-defined] # as functools.wraps does, without its cost for each item
    return working


def _switched(keeper: Any, owner: Any) -> Any:
    """Makes `owner` the owner of this thread; the one before, None while no books are kept."""
    try:
        return keeper.switch_to(owner)
    except RuntimeError:
        return None
    except Exception as problem:  # ruff: ignore[blind-except] - none may reach the program
        complain(problem)
        return None

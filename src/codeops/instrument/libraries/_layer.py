"""Which of the clients that stand on top of each other counts a call: the topmost one, and none of those below it."""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["is_taken", "taken"]

_is_taken: ContextVar[bool] = ContextVar("codeops_taken", default=False)


def is_taken() -> bool:
    """Whether a client above counts what happens in this context now."""
    return _is_taken.get()


@contextmanager
def taken() -> Generator[None]:
    """Lets the clients below count nothing in the block."""
    token = _is_taken.set(True)
    try:
        yield
    finally:
        _is_taken.reset(token)

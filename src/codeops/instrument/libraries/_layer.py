"""Which of the clients that stand on top of each other counts a call: the topmost one, and none of those below it."""

from contextvars import ContextVar

__all__ = ["is_taken", "taken"]

_is_taken: ContextVar[bool] = ContextVar("codeops_taken", default=False)


def is_taken() -> bool:
    """Whether a client above counts what happens in this context now."""
    return _is_taken.get()


class taken:  # ruff: ignore[invalid-class-name] - a block, written as a class because a generator takes four times as long
    """Lets the clients below count nothing in the block."""

    __slots__ = ("_token",)

    def __enter__(self) -> None:
        self._token = _is_taken.set(True)

    def __exit__(self, *_: object) -> None:
        _is_taken.reset(self._token)

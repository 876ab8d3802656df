"""Positions: where in a text each key and element stands."""

from bisect import bisect_right
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from itertools import accumulate
from typing import NamedTuple

from codeops.core.errors import CodeOpsError
from codeops.core.location import Location

__all__ = ["MAX_DEPTH", "Keys", "Parsed", "Text", "located", "spell"]

MAX_DEPTH = 64
"""Tables and lists inside one another, at most; no file that people write comes near."""

Keys = tuple[str | int, ...]
"""The way to a value: names of keys, and indexes of elements from 0."""


class Parsed(NamedTuple):
    """A text's data, and where its parts stand: `offsets()` counts characters from 0."""

    data: object
    offsets: Callable[[], Mapping[Keys, int]]


class Text:
    """A text with its path, that turns offsets into locations."""

    def __init__(self, content: str, path: str) -> None:
        self.content = content
        self.path = path
        self._starts: list[int] | None = None

    def location(self, offset: int) -> Location:
        """Line and column of the character at `offset`."""
        if self._starts is None:
            self._starts = [0, *accumulate(len(line) + 1 for line in self.content.split("\n"))]
        line = bisect_right(self._starts, offset)
        return Location(self.path, line, offset - self._starts[line - 1] + 1)


def spell(keys: Keys) -> str:
    """`price[3].when.region`, as people write a way to a value.

    Example:
        >>> spell(("price", 3, "when", "pool.kind"))
        'price[3].when."pool.kind"'
    """
    parts = [f"[{key}]" if isinstance(key, int) else f".{key}" if key.replace("-", "_").isidentifier() else f'."{key}"' for key in keys]
    return "".join(parts).removeprefix(".")


@contextmanager
def located(location: Location) -> Generator[None]:
    """Errors raised inside that do not know their place happened at `location`."""
    try:
        yield
    except CodeOpsError as problem:
        problem.location = problem.location or location
        raise

"""One change at a time, also within one thread: a change that comes in the middle of another one waits for its end.

A lock keeps other threads out. It cannot keep out what the same thread begins in between: a signal handler, or a
finalizer that the collector runs, may end a span or record while a span is being ended. Waiting would be for ever, and
going ahead would lose what the interrupted change had read and not yet written.
"""

import threading
from collections.abc import Callable
from typing import Any

from codeops.instrument.guard import guarded

__all__ = ["Turns"]


class Turns:
    """`with turns as is_mine:` changes freely where `is_mine`; else what is to be changed is handed to `later`."""

    __slots__ = ("_later", "depth", "lock")

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.depth = 0
        self._later: list[tuple[Callable[..., None], tuple[Any, ...]]] = []

    def __enter__(self) -> bool:
        self.lock.acquire()
        self.depth += 1  # whoever comes in between has left again before the sum is written
        return self.depth == 1

    def __exit__(self, *_: object) -> None:
        try:
            self.depth -= 1
            while self._later and not self.depth:
                self._catch_up()
        finally:
            self.lock.release()

    def later(self, change: Callable[..., None], *args: Any) -> None:
        """Changes when the turn that was interrupted ends."""
        self._later.append((change, args))

    def _catch_up(self) -> None:
        self.depth += 1
        try:
            change, args = self._later.pop(0)
        except IndexError:  # somebody who came in between has done it
            return
        else:
            guarded(change, *args)
        finally:
            self.depth -= 1

"""What was counted for spans that were dropped without an end, until it is put into the row of unended spans."""

from collections import deque
from typing import TYPE_CHECKING, Any

from codeops.instrument.buckets import MEMORY_LINE
from codeops.instrument.totals import Sum, take
from codeops.instrument.turns import Turns

if TYPE_CHECKING:
    from codeops.instrument.owner import Part

__all__ = ["Lost"]

_MOST = 100


class Lost:
    """Parts and shares of `memory` that dropped trees leave, beside the `lines` that the ledger keeps of dropped accounts.

    Filled by finalizers, which may come at any moment: by single operations only.
    """

    __slots__ = ("_memory", "lines", "parts", "shares")

    def __init__(self, lines: list[Any], memory: Any) -> None:
        self.lines, self._memory = lines, memory
        lines.clear()  # of the process before a fork, or of an accounting that has been taken out
        self.parts: deque[Part] = deque()
        self.shares: deque[Any] = deque()

    @property
    def is_full(self) -> bool:
        """Whether it is time to put it away: nobody may ever ask for the totals."""
        return len(self.lines) > _MOST or len(self.shares) > _MOST or len(self.parts) > _MOST

    def put_away(self, turns: Turns, unended: Sum) -> None:
        """Moves everything into the row of unended spans, outside of any turn."""
        self.give_back(turns, unended)
        with turns as is_mine:
            if is_mine:
                self.put_into(unended)

    def put_into(self, unended: Sum) -> None:
        """Moves parts and lines into the row of unended spans."""
        while self.parts:
            take(self.parts.popleft(), unended)
        while self.lines:
            unended.add(self.lines.pop())

    def give_back(self, turns: Turns, unended: Sum) -> None:
        """Ends shares of the memory. Outside of any turn: whoever holds the lock of the memory may be waiting for one."""
        while self.shares:
            ended = self._memory.end(self.shares.popleft())
            if ended is not None and ended[0]:
                with turns:
                    unended.add({MEMORY_LINE: ended[0]})

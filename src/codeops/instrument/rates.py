"""What a unit of usage costs in this process: the price book, compiled to one number for each line of usage.

The numbers are floats, for speed; a property test holds them equal to the exact way through `PriceBook.price`.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from codeops.core.errors import CodeOpsError, MissingPrice
from codeops.core.meter import CHILD_CPU, CPU
from codeops.core.money import Quantity
from codeops.core.pricebook import PriceBook
from codeops.core.unit import Unit
from codeops.core.usage import Usage
from codeops.instrument.guard import complain

__all__ = ["CHILD_LINE", "CPU_LINE", "Line", "Rates"]

Line = tuple[str, str, tuple[tuple[str, str], ...]]
"""A meter, the unit it is counted in, and its labels, sorted."""

CPU_LINE: Line = (CPU, "vCPU.s", ())
"""Own CPU of a span."""

CHILD_LINE: Line = (CHILD_CPU, "vCPU.s", ())
"""CPU of the child processes that a span started."""

_KEPT = 4096
"""How many lines are remembered; hostile labels must not fill the memory."""

_PRICED_AS = {CHILD_CPU: CPU}
"""Meters that are billed as another one: a child process runs on the same processors."""


class Rates:
    """Prices of `book` for usage with the process's own `labels`, at the prices of the day `at`."""

    def __init__(self, book: PriceBook, labels: Mapping[str, str], at: date) -> None:
        self.book, self.labels, self.at = book, dict(labels), at
        self.known: dict[Line, float | None] = {}
        """What `of` has answered, for who looks it up without a call."""
        self.cpu_ns: float | None = self._per_ns()

    def _per_ns(self) -> float | None:
        rate = self.of(CPU_LINE)
        return rate / 1e9 if rate is not None else None

    def of(self, line: Line) -> float | None:
        """Currency units for one unit of `line`; None when it has no price."""
        if line not in self.known:
            if len(self.known) >= _KEPT:
                self.known.clear()
            self.known[line] = self._look_up(line)
        return self.known[line]

    def price(self, lines: Mapping[Line, float]) -> tuple[float, frozenset[str]]:
        """What these amounts cost in currency units, and the meters among them that have no price; for nothing none is asked."""
        cost, unpriced = 0.0, set[str]()
        for line, amount in lines.items():
            rate = self.of(line) if amount else 0.0
            if rate is None:
                unpriced.add(line[0])
            else:
                cost += rate * amount
        return cost, frozenset(unpriced)

    def _look_up(self, line: Line) -> float | None:
        meter, unit, labels = line
        usage = Usage(_PRICED_AS.get(meter, meter), Quantity(Decimal(1), Unit.parse(unit)), {**self.labels, **dict(labels)})
        try:
            cost = self.book.price([usage], self.at)
        except MissingPrice:
            return None
        except CodeOpsError as problem:  # two prices match, or the units differ: the user can mend it
            complain(problem)
            return None
        return float(cost.total.amount) if cost.lines else None

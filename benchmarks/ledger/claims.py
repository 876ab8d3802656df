"""What a case of W5 expects of the books, and what it found there."""

import time
from dataclasses import dataclass
from typing import Any, Self

from ledgers import ledger_named
from metrics import CHILDREN
from work import Truth

__all__ = ["RELATIVE", "Books", "Claim"]

RELATIVE = 0.02
"""A claim allows 2 % and its own slack, which stands for what Python itself does inside the span (starting a thread, making a task)."""

MS = 15_000
"""Steps of `burn` that take about a millisecond. The truth is measured, so it need not be exact."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One figure that is known beforehand."""

    what: str
    expected_s: float
    found_s: float
    slack_s: float = 0.0005
    ratio: float = RELATIVE

    @property
    def holds(self) -> bool:
        """Whether the figure in the books is the expected one."""
        return abs(self.found_s - self.expected_s) <= self.slack_s + self.ratio * abs(self.expected_s)


class Books:
    """The ledger, kept while the block runs; afterwards the figures of that stretch."""

    def __init__(self, way: str) -> None:
        self.ledger, self.truth = ledger_named(way), Truth()
        self._found: dict[str, dict[str, float]] = {}
        self._process_s = 0.0

    def __enter__(self) -> Self:
        self.ledger.start()
        self.truth.start()
        self.ledger.read()  # what the first reading imports is not measured
        self._process_s, self._before = time.process_time(), self.ledger.read()
        return self

    def __exit__(self, *_: object) -> None:
        self._process_s, after = time.process_time() - self._process_s, self.ledger.read()
        self.truth.stop()
        self.ledger.stop()
        self._found = {
            kind: {name: seconds - self._before[kind].get(name, 0.0) for name, seconds in values.items()} for kind, values in after.items()
        }

    def burn(self, key: str, ms: int) -> None:
        """Works for about so many milliseconds, under this key in the truth."""
        self.truth.burn(key, ms * MS)

    def found(self, kind: str, name: str) -> float:
        """Seconds in the books: of `spans`, `late`, `children` or `buckets`."""
        return self._found[kind].get(name, 0.0)

    def span(self, name: str, slack_s: float = 0.0005) -> Claim:
        """The span has exactly the CPU of its key, wherever it was spent."""
        return Claim(f"span {name!r}", self.truth.seconds[name], self.found("spans", name), slack_s)

    def bucket(self, name: str, expected_s: float, slack_s: float = 0.0005) -> Claim:
        """The bucket has this much."""
        return Claim(name, expected_s, self.found("buckets", name), slack_s)

    def balance(self) -> Claim:
        """All spans and buckets are the process's CPU."""
        buckets = {name: seconds for name, seconds in self._found["buckets"].items() if name != CHILDREN}
        return Claim("spans + buckets", self._process_s, sum(self._found["spans"].values()) + sum(buckets.values()), 0.0005, 0.005)

    def outcome(self, claims: list[Claim]) -> dict[str, Any]:
        """All claims, as the JSON that `measure.py` prints."""
        listed = [*claims, self.balance()]
        return {"claims": [{"what": c.what, "expected_s": c.expected_s, "found_s": c.found_s, "holds": c.holds} for c in listed]}

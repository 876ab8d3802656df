"""Growth that no limit on money decides: levels that a stored baseline can only hint at, and counts without a price."""

from decimal import Decimal

from codeops.core.meter import CPU, MEMORY
from codeops.gate.case import Case
from codeops.gate.level import LEVEL_ERROR
from codeops.gate.lines import Line, Nature
from codeops.gate.standing import Standing
from codeops.gate.subject import Subject
from codeops.gate.welch import half_width

__all__ = ["caused", "is_compared", "level_grew", "unpriced_grew"]

_LEVEL_TOLD = Decimal("1.1")  # below ten per cent a level tells nothing
_LEAST_ERROR = Decimal("0.014")
"""How far the least sample of CPU moves between runs: 0.5-1.4 % (the project's campaign on the CPU gate, section 5, 2026-11)."""

_MONEY_NOTICED = Decimal("0.01")
_CONFIDENCE = 0.95


def is_compared(line: Line, subject: Subject, case: Case) -> bool:
    """Whether the difference of `line` is part of the change that is judged."""
    if subject.doubt and subject.base is None:
        return False
    if subject.is_recorded or case.is_plain or line.nature is not Nature.LEVEL:
        return True
    pairs = case.pairs(subject.name)
    if pairs is None or case.difference:
        return False
    return line.meter == CPU or (line.meter == MEMORY and pairs.tells_memory)


def level_grew(line: Line, subject: Subject, case: Case) -> bool:
    """Whether CPU or memory is clearly above a base of the same environment that no pairs compare it with: a hint, not a proof.

    That is 10 %, and four standard errors of what the figure moves by itself: 1.4 % where the least sample is known, which has to
    rise as well, and 8 % (`LEVEL_ERROR`) for a mean alone. Growth that is worth less than a hundredth of the route's cost is not
    worth a reader's time.
    """
    if is_compared(line, subject, case) or case.difference:
        return False
    knows_least = line.base is not None and line.head is not None and bool(line.base.low) and line.head.low is not None
    noticed = max(_LEVEL_TOLD, 1 + 4 * (_LEAST_ERROR if knows_least else LEVEL_ERROR))
    return _rose(line, noticed) and (not line.is_priced or line.delta >= (subject.base_cost or Decimal(0)) * _MONEY_NOTICED)


def unpriced_grew(line: Line, limit: Decimal) -> bool:
    """Whether a count without a price grew beyond `limit`, a ratio; money cannot see it."""
    if line.nature is Nature.LEVEL or line.head is None or line.head_cost is not None:
        return False
    return line.head.mean > (line.base.mean if line.base else Decimal(0)) * (1 + limit)


def caused(line: Line, subject: Subject, standing: Standing, case: Case) -> bool:
    """Whether the growth of `line` is sure enough to be called a cause."""
    if line.nature is Nature.COUNT:
        return True
    if line.nature is Nature.UNSTABLE:
        return line.growth > half_width(line.samples(), _CONFIDENCE)
    if subject.is_recorded or case.is_plain:
        return _rose(line, _LEVEL_TOLD)
    return is_compared(line, subject, case) and line.meter in standing.grew


def _rose(line: Line, factor: Decimal) -> bool:
    """Whether the mean rose, and the least sample with it where both sides know theirs: a busy machine lifts only the mean."""
    if line.base is None or line.head is None or not line.base.mean:
        return False
    if line.base.low and line.head.low is not None and line.head.low < line.base.low * factor:
        return False
    return line.head.mean >= line.base.mean * factor

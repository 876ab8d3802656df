"""Growth that no limit on money decides: levels that a stored baseline can only hint at, and counts without a price."""

from decimal import Decimal

from codeops.core.meter import CPU
from codeops.gate.case import Case
from codeops.gate.level import LEVEL_ERROR
from codeops.gate.lines import Line, Nature
from codeops.gate.relative import Standing
from codeops.gate.subject import Subject
from codeops.gate.welch import half_width

__all__ = ["caused", "is_compared", "level_grew", "unpriced_grew"]

_LEVEL_TOLD = Decimal("1.1")  # what was recorded as it is: below ten per cent a level tells nothing
_LEVEL_NOTICED = 1 + max(Decimal("0.1"), 4 * LEVEL_ERROR)
"""From where on a level says something: 10 %, and four standard errors of what a level moves by itself (`LEVEL_ERROR`)."""

_MONEY_NOTICED = Decimal("0.01")
_CONFIDENCE = 0.95


def is_compared(line: Line, subject: Subject, case: Case) -> bool:
    """Whether the difference of `line` is part of the change that is judged."""
    if subject.is_recorded or case.is_plain or line.nature is not Nature.LEVEL:
        return True
    return line.meter == CPU and subject.name in case.paired and not case.difference


def level_grew(line: Line, subject: Subject, case: Case) -> bool:
    """Whether CPU or memory is at least 32 % above a stored baseline of the same environment: a hint, not a proof.

    Growth that is worth less than a hundredth of the route's cost is not worth a reader's time.
    """
    if is_compared(line, subject, case) or case.difference:
        return False
    return _rose(line, _LEVEL_NOTICED) and (not line.is_priced or line.delta >= (subject.base_cost or Decimal(0)) * _MONEY_NOTICED)


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
    return is_compared(line, subject, case) and standing.cpu_grew


def _rose(line: Line, factor: Decimal) -> bool:
    """Whether the mean rose, and the least sample with it where both sides know theirs: a busy machine lifts only the mean."""
    if line.base is None or line.head is None or not line.base.mean:
        return False
    if line.base.low and line.head.low is not None and line.head.low < line.base.low * factor:
        return False
    return line.head.mean >= line.base.mean * factor

"""Levels: what one request of the head costs by itself, with the bounds that the measurement leaves.

CPU and memory are measured on one machine in one minute. Within seven minutes on one shared virtual machine their level moved
with a standard deviation of 7-8 % (the project's campaign on the statistics of the CPU gate, section 3, 2026-11), so two of
them, 16 %, are allowed on both sides. Counts that vary get Student's interval; counts that repeat are exact.
"""

from decimal import Decimal

from codeops.gate.interval import Interval
from codeops.gate.lines import Line, Nature
from codeops.gate.subject import Subject
from codeops.gate.welch import Sample, half_width

__all__ = ["LEVEL_BOUND", "LEVEL_ERROR", "head_level"]

LEVEL_ERROR = Decimal("0.08")
"""The relative standard error of a level of CPU or memory between one run and the next."""

LEVEL_BOUND = 2 * LEVEL_ERROR
"""How far a level may lie from what was measured, as a ratio; about 95 % of runs are inside."""

_CONFIDENCE = 0.95


def head_level(subject: Subject) -> Interval | None:
    """The head's cost of one request, None when nothing of it has a price.

    The bounds of the lines are added up, because all levels move together when a machine is busy.
    """
    if subject.head_cost is None:
        return None
    if subject.is_recorded:
        return Interval.exact(subject.head_cost)
    return sum((_line_level(line) for line in subject.lines if line.head_cost is not None), Interval.exact(Decimal(0)))


def _line_level(line: Line) -> Interval:
    cost, usage = line.head_cost or Decimal(0), line.head
    if line.nature is Nature.LEVEL:
        return Interval.around(cost, cost * LEVEL_BOUND)
    if line.nature is Nature.COUNT or usage is None or not usage.mean:
        return Interval.exact(cost)
    return Interval.around(cost, half_width([Sample(usage.sd * cost / usage.mean, usage.samples)], _CONFIDENCE))

"""Relative budgets: whether a route costs more than its base by more than it may, and how sure that is.

Counts are compared exactly. Counts that vary are compared by Welch's interval. CPU counts only where process pairs were
measured; a stored baseline cannot fail it, because levels drift by 7-8 % within minutes and by 40 % between machines.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from codeops.core.meter import CPU
from codeops.core.report import Change, Verdict
from codeops.gate import paired, wording
from codeops.gate.case import Case
from codeops.gate.interval import Interval
from codeops.gate.lines import Line, Nature
from codeops.gate.money import cpu_tolerance, relative_change
from codeops.gate.subject import Subject
from codeops.gate.welch import half_width

__all__ = ["Standing", "standings"]

_ROUNDING = Decimal("1e-15")  # of the base cost: far more than divisions round, far less than one count of a million million
_UNSTABLE_RISK = 0.01  # of one wrong statement in the whole run about counts that vary, shared by all of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one route stands against its relative limit.

    Units: `delta` money per request, `ratio` of the base cost, both over what can be compared; None where there is nothing to
    compare with. `need` says what would decide an open verdict. `cpu_grew` says that pairs prove more CPU.
    """

    verdict: Verdict
    delta: Interval | None = None
    ratio: Interval | None = None
    need: str = ""
    cpu_grew: bool = False


def standings(subjects: Iterable[Subject], case: Case) -> dict[str, Standing]:
    """How each of the routes stands; those with nothing to compare pass here and are judged by absolute budgets."""
    subjects = list(subjects)
    unstable = sum(line.nature is Nature.UNSTABLE for subject in subjects for line in subject.lines)
    confidence = 1 - _UNSTABLE_RISK / max(unstable, 1)
    plain = {subject.name: _without_pairs(subject, case, confidence) for subject in subjects}
    return plain | _with_pairs(_pairable(subjects, case), case, confidence)

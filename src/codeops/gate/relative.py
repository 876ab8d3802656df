"""Relative budgets: whether a route costs more than its base by more than it may, and how sure that is.

Counts are compared exactly. Counts that vary are compared by Welch's interval. CPU and memory count only where pairs of processes
were measured; a stored baseline cannot fail them, because levels drift by 7-8 % within minutes and by 40 % between machines.
"""

from collections.abc import Sequence
from decimal import Decimal
from math import ceil

from codeops.core.figure import count_noun
from codeops.core.meter import CPU
from codeops.core.report import Change, Verdict
from codeops.gate.case import Case
from codeops.gate.interval import ROUNDING, Interval
from codeops.gate.level import head_level
from codeops.gate.lines import Nature
from codeops.gate.pairwise import by_pairs, is_pairable
from codeops.gate.standing import Standing
from codeops.gate.subject import Subject
from codeops.gate.welch import half_width

__all__ = ["standings"]

_ZERO = Interval.exact(Decimal(0))
_UNSTABLE_RISK = 0.01  # of one wrong statement in the whole run about counts that vary, shared by all of them
_PRICE = "a price for one of its meters"
_SAME_JOB = "base and head measured in the same environment"
_SAME = Standing(verdict=Verdict.PASS, delta=_ZERO, ratio=_ZERO)  # nothing changed, whatever it costs


def standings(subjects: Sequence[Subject], case: Case) -> dict[str, Standing]:
    """How each of the routes stands; those with nothing to compare pass here and are judged by absolute budgets."""
    unstable = sum(line.nature is Nature.UNSTABLE for subject in subjects for line in subject.lines)
    confidence = 1 - _UNSTABLE_RISK / max(unstable, 1)
    counts = {subject.name: _counts(subject, case, confidence) for subject in subjects}
    found = {subject.name: _without_pairs(subject, counts[subject.name], case) for subject in subjects}
    with_pairs = [subject for subject in subjects if is_pairable(subject, case)]
    if case.difference:
        found |= {subject.name: _open(found[subject.name], _SAME_JOB) for subject in with_pairs}
    else:
        found |= by_pairs(with_pairs, counts, case)
    return found | {subject.name: _open(found[subject.name], doubt=subject.doubt) for subject in subjects if subject.doubt}


def _without_pairs(subject: Subject, counts: Interval, case: Case) -> Standing:
    """The standing that counts alone give."""
    base, head = subject.base_cost, subject.head_cost
    if subject.change is Change.GONE:
        return Standing(verdict=Verdict.PASS, delta=None if base is None else Interval.exact(-base))
    if subject.change is not Change.COMPARED:
        return Standing(verdict=Verdict.PASS, delta=head_level(subject))
    if base is None or head is None:
        return _SAME if _is_same_at_any_price(subject) else Standing(verdict=Verdict.INCONCLUSIVE, need=_PRICE)
    if not base:
        return _SAME
    limit = case.limit(subject.name) * base
    if subject.is_recorded:
        return _recorded(subject, Interval.exact(head - base), base, limit, case)
    verdict = counts.verdict(limit + ROUNDING * base)
    need = _samples_needed(subject, counts, limit) if verdict is Verdict.INCONCLUSIVE else ""
    return Standing(verdict=verdict, delta=counts, ratio=_share(counts, base), need=need)


def _is_same_at_any_price(subject: Subject) -> bool:
    """Whether no count moved on a route of which nothing has a price."""
    unpriced = subject.base_cost is None and subject.head_cost is None and not subject.is_recorded
    return unpriced and all(not line.growth or line.nature is Nature.LEVEL for line in subject.lines)


def _recorded(subject: Subject, delta: Interval, base: Decimal, limit: Decimal, case: Case) -> Standing:
    """The standing of costs that snapshots recorded as a whole; CPU alone cannot fail them, except in a plain comparison."""
    verdict, need = delta.verdict(limit), ""
    cpu = sum((line.delta for line in subject.lines if line.meter == CPU and line.base and line.head), Decimal(0))
    if verdict is Verdict.FAIL and not case.is_plain and delta.mid - cpu <= limit:
        verdict, need = Verdict.INCONCLUSIVE, "a baseline with full usage (codeops bench --update-baseline), because only CPU is beyond"
    return Standing(verdict=verdict, delta=delta, ratio=_share(delta, base), need=need)


def _counts(subject: Subject, case: Case, confidence: float) -> Interval:
    """The change in money that counts and labels make per request; all of the change in a plain comparison.

    Of CPU and memory only the price belongs here: other labels price the same usage otherwise.
    """
    total = _ZERO
    for line in subject.lines:
        if not line.is_priced:
            continue
        if case.is_plain or line.nature is Nature.COUNT:
            total += Interval.exact(line.delta)
        elif line.nature is Nature.UNSTABLE:
            total += Interval.around(line.delta, half_width(line.cost_samples(), confidence))
        elif line.carried is not None and line.base_cost is not None:
            total += Interval.exact(line.carried - line.base_cost)
    return total


def _samples_needed(subject: Subject, counts: Interval, limit: Decimal) -> str:
    """How many samples would make the interval narrow enough: its width falls with their square root."""
    half, gap = counts.high - counts.mid, abs(counts.mid - limit)
    sizes = [sample.size for line in subject.lines if line.nature is Nature.UNSTABLE for sample in line.samples()]
    if not half.is_finite():
        return "at least two samples on each side of a count that varies"
    if not gap:
        return "a limit other than the change itself, because no number of samples tells the two apart"
    needed = ceil(max(sizes) * (half / gap) ** 2)
    return f"about {count_noun(Decimal(needed), 'sample')} on each side, or a count that does not vary"


def _open(standing: Standing, need: str = "", doubt: str = "") -> Standing:
    """A route whose sides do not compare: counts may fail it, nothing can pass it."""
    if standing.verdict is Verdict.FAIL:
        return standing
    return Standing(verdict=Verdict.INCONCLUSIVE, delta=standing.delta, ratio=standing.ratio, need=need, doubt=doubt)


def _share(delta: Interval, whole: Decimal) -> Interval:
    return delta.over(whole).rounded()

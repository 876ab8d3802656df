"""Relative budgets: whether a route costs more than its base by more than it may, and how sure that is.

Counts are compared exactly. Counts that vary are compared by Welch's interval. CPU counts only where process pairs were
measured; a stored baseline cannot fail it, because levels drift by 7-8 % within minutes and by 40 % between machines.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil

from codeops.core.figure import count_noun
from codeops.core.meter import CPU
from codeops.core.report import Change, Verdict
from codeops.gate import paired
from codeops.gate.case import Case
from codeops.gate.interval import ROUNDING, Interval
from codeops.gate.level import head_level
from codeops.gate.lines import Nature, trimmed
from codeops.gate.money import cpu_tolerance, relative_change
from codeops.gate.subject import Subject
from codeops.gate.welch import half_width

__all__ = ["Standing", "standings"]

_ZERO = Interval.exact(Decimal(0))
_UNSTABLE_RISK = 0.01  # of one wrong statement in the whole run about counts that vary, shared by all of them
_PRICE = "a price for one of its meters"
_SAME_JOB = "base and head measured in the same environment"


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


_SAME = Standing(verdict=Verdict.PASS, delta=_ZERO, ratio=_ZERO)  # nothing changed, whatever it costs


def standings(subjects: Sequence[Subject], case: Case) -> dict[str, Standing]:
    """How each of the routes stands; those with nothing to compare pass here and are judged by absolute budgets."""
    unstable = sum(line.nature is Nature.UNSTABLE for subject in subjects for line in subject.lines)
    confidence = 1 - _UNSTABLE_RISK / max(unstable, 1)
    counts = {subject.name: _counts(subject, case, confidence) for subject in subjects}
    found = {subject.name: _without_pairs(subject, counts[subject.name], case) for subject in subjects}
    with_pairs = [subject for subject in subjects if _is_pairable(subject, case)]
    if case.difference:
        return found | {subject.name: _open(found[subject.name]) for subject in with_pairs}
    return found | _by_pairs(with_pairs, counts, case)


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


def _is_pairable(subject: Subject, case: Case) -> bool:
    """Whether process pairs say something about the route's cost."""
    if subject.name not in case.paired or subject.is_recorded or subject.change is not Change.COMPARED:
        return False
    return bool(subject.base_cost and subject.head_cost is not None and _cpu(subject))


def _cpu(subject: Subject) -> Decimal:
    """What the base's CPU costs per request at the head's prices."""
    return sum((line.carried or Decimal(0) for line in subject.lines if line.meter == CPU and line.is_priced), Decimal(0))


def _open(standing: Standing) -> Standing:
    """A route whose pairs do not compare: counts may fail it, nothing can pass it."""
    if standing.verdict is Verdict.FAIL:
        return standing
    return Standing(verdict=Verdict.INCONCLUSIVE, delta=standing.delta, ratio=standing.ratio, need=_SAME_JOB)


def _by_pairs(subjects: Sequence[Subject], counts: Mapping[str, Interval], case: Case) -> dict[str, Standing]:
    """The standing of counts and CPU together, by the paired rule over all `subjects`."""
    costs = {subject.name: subject.base_cost or Decimal(0) for subject in subjects}
    known = {name: counts[name].over(cost) for name, cost in costs.items()}
    share = {subject.name: _cpu(subject) / costs[subject.name] for subject in subjects}
    margin = Decimal(repr(paired.MARGIN))
    limits = {
        name: paired.Limits(
            cpu_tolerance(case.limit(name), known[name].low, share[name]),
            cpu_tolerance(case.limit(name) + margin, known[name].high, share[name]),
        )
        for name in costs
    }
    decisions = paired.decide({name: case.paired[name] for name in costs}, limits)
    return {name: _decided(one, known[name], share[name], costs[name]) for name, one in decisions.items()}


def _decided(decision: paired.Decision, counts: Interval, share: Decimal, cost: Decimal) -> Standing:
    ratio = Interval(
        relative_change(decision.low, counts.low, share),
        relative_change(decision.mid, counts.mid, share),
        relative_change(decision.high, counts.high, share),
    )
    more = decision.further
    need = "a count that does not vary" if more is None else count_noun(Decimal(more), "more pair")
    return Standing(
        verdict=decision.verdict,
        delta=ratio.scaled(cost),
        ratio=_rounded(ratio),
        need=need if decision.verdict is Verdict.INCONCLUSIVE else "",
        cpu_grew=decision.low > 0,
    )


def _share(delta: Interval, whole: Decimal) -> Interval:
    return _rounded(delta.over(whole))


def _rounded(ratio: Interval) -> Interval:
    """Ratios with 15 decimals, so that what division rounded off does not read as a difference from a limit."""
    low, mid, high = (trimmed(bound.quantize(ROUNDING)) if bound.is_finite() else bound for bound in (ratio.low, ratio.mid, ratio.high))
    return Interval(low, mid, high)

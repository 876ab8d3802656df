"""The judgement of a run: two snapshots, one price book and the budgets become one report."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal, localcontext

from codeops._version import __version__
from codeops.core.budget import Budget
from codeops.core.cost import Caveat, unique
from codeops.core.meter import is_statistical
from codeops.core.pricebook import PriceBook
from codeops.core.report import BudgetResult, Change, Report, RouteResult, Side, Verdict, worst
from codeops.core.snapshot import Snapshot
from codeops.core.valuation import reference
from codeops.gate.absolute import demand_answerable, monthly_budget, monthly_delta
from codeops.gate.case import ARITHMETIC, Case
from codeops.gate.findings import Judged, findings_of
from codeops.gate.growth import is_compared
from codeops.gate.lines import trimmed
from codeops.gate.relative import Standing, standings
from codeops.gate.route import budgets_of, result_of
from codeops.gate.subject import Subject, subject_of
from codeops.gate.summary import KINDS, summary_of

__all__ = ["compare", "judge"]


def judge(
    head: Snapshot,
    base: Snapshot | None,
    book: PriceBook,
    budget: Budget,
    traffic: Mapping[str, int],
    at: date,
    *,
    paired: Mapping[str, Sequence[float]] | None = None,
) -> Report:
    """The report of `head` against `base` (None: nothing to compare with), both at the prices of `book` on the day `at`.

    Counts are compared exactly. CPU is compared where `paired` holds ln(CPU of head / CPU of base) of each process pair by
    route; against a stored baseline it can warn and never fail.
    Units: `traffic` is requests (calls of a job) a month by route.

    Raises: InvalidValue for a monthly budget without traffic, CurrencyMismatch, AmbiguousPrice, UnitMismatch, UnknownUnit.
    """
    case = Case(head=head, base=base, book=book, budget=budget, traffic=traffic, at=at, paired=paired or {})
    with localcontext(ARITHMETIC):
        demand_answerable(case)
        return _report(case)


def compare(head: Snapshot, base: Snapshot, book: PriceBook, threshold: Decimal, at: date) -> Report:
    """The plain comparison of two snapshots: a route fails when its cost is above base × (1 + `threshold`), CPU included.

    Units: `threshold` is a ratio.

    Raises: CurrencyMismatch, AmbiguousPrice, UnitMismatch, UnknownUnit.
    """
    case = Case(head=head, base=base, book=book, budget=Budget(regression=threshold), traffic={}, at=at, paired={}, is_plain=True)
    with localcontext(ARITHMETIC):
        return _report(case)


def _report(case: Case) -> Report:
    subjects = [subject_of(name, case) for name in case.routes]
    stand = standings(subjects, case)
    judged = [_judged(subject, stand[subject.name], case) for subject in subjects]
    suite = monthly_budget(subjects, stand, case)
    budgets = [budget for one in judged for budget in one.budgets] + suite
    routes = tuple(sorted((one.result for one in judged), key=_stake))
    total = monthly_delta(subjects, stand, case)
    verdict = worst([budget.verdict for budget in budgets])
    return Report(
        verdict=verdict,
        summary=summary_of(verdict, routes, budgets, trimmed(total.mid) if total else None, case),
        currency=case.book.currency,
        pricebook=reference(case.book),
        head=_side("head", case.head),
        base=_side("base", case.base) if case.base else None,
        routes=routes,
        budgets=tuple(_in_order(budgets, routes)),
        findings=findings_of(judged, suite, case),
        caveats=unique([*case.book.caveats, *_caveats(subjects, case)]),
        monthly_delta=trimmed(total.mid) if total else None,
        codeops=__version__,
    )


def _judged(subject: Subject, standing: Standing, case: Case) -> Judged:
    budgets = budgets_of(subject, standing, case)
    return Judged(subject, result_of(subject, standing, budgets, case), budgets)


def _stake(route: RouteResult) -> tuple[Decimal, Decimal, str]:
    """Routes by the money that their change moves a month, then for one request."""
    return -abs(route.monthly_delta or Decimal(0)), -abs(route.delta or Decimal(0)), route.name


def _in_order(budgets: Sequence[BudgetResult], routes: Sequence[RouteResult]) -> list[BudgetResult]:
    """Broken budgets first, then open ones, each in the order of the routes."""
    rank = [Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS]
    place = {route.name: position for position, route in enumerate(routes)}
    return sorted(budgets, key=lambda budget: (rank.index(budget.verdict), place.get(budget.route, len(routes)), KINDS.index(budget.kind)))


def _side(label: str, snapshot: Snapshot) -> Side:
    meta = snapshot.meta
    return Side(label=label, git_sha=meta.git_sha, dirty=meta.dirty, created_at=meta.created_at, environment=meta.environment)


def _caveats(subjects: Sequence[Subject], case: Case) -> list[Caveat]:
    """What holds for the whole report."""
    if case.base is None:
        return [Caveat("no-baseline", "", "there is no baseline yet: only absolute budgets are judged, and every cost is the head's")]
    found = [*_level_caveats(subjects, case)]
    silent = sorted(subject.name for subject in subjects if subject.name not in case.traffic and subject.change is not Change.GONE)
    if case.budget.monthly_increase is not None and silent:
        text = f"the increase a month leaves out {', '.join(silent)}: no traffic is configured"
        found.append(Caveat("no-traffic", "", text))
    return found


def _level_caveats(subjects: Sequence[Subject], case: Case) -> list[Caveat]:
    """How far CPU and memory of the two sides compare."""
    both = [subject for subject in subjects if subject.change is Change.COMPARED]
    levels = [(subject, line) for subject in both for line in subject.lines if is_statistical(line.meter) and line.base and line.head]
    if case.is_plain:
        differ = any(line.growth for _, line in levels)
        is_told = case.head.meta.environment is not None or (case.base is not None and case.base.meta.environment is not None)
        if not (differ and is_told and case.difference):
            return []
        return [Caveat("not-comparable", "compute.cpu", f"CPU is part of the difference, and {case.difference}")]
    if all(is_compared(line, subject, case) for subject, line in levels):
        return []
    if case.difference:
        return [Caveat("not-comparable", "compute.cpu", f"CPU and memory are not compared: {case.difference}")]
    text = "CPU and memory are compared with a stored baseline of the same environment: they can warn, and never fail"
    return [Caveat("stored-baseline", "compute.cpu", text)]

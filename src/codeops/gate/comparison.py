"""The judgement of a run: two snapshots, one price book and the budgets become one report."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal, localcontext

from codeops._version import __version__
from codeops.core.budget import Budget
from codeops.core.cost import unique
from codeops.core.pricebook import PriceBook
from codeops.core.report import BudgetResult, Report, RouteResult, Side, Verdict, worst
from codeops.core.snapshot import PriceBookRef, Snapshot
from codeops.core.valuation import reference
from codeops.gate.absolute import demand_answerable, monthly_budget, monthly_delta
from codeops.gate.case import ARITHMETIC, Case
from codeops.gate.caveat import caveats_of
from codeops.gate.evidence import Evidence
from codeops.gate.findings import Judged, findings_of
from codeops.gate.lines import trimmed
from codeops.gate.relative import standings
from codeops.gate.route import budgets_of, result_of
from codeops.gate.standing import Standing
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
    evidence: Evidence | None = None,
    base_book: PriceBook | None = None,
    base_traffic: Mapping[str, int] | None = None,
) -> Report:
    """The report of `head` against `base` (None: nothing to compare with), both at the prices of `book` on the day `at`.

    Counts are compared exactly. CPU and memory are compared where `evidence` holds pairs of the route; against a stored baseline
    they can warn and never fail. What prices and traffic change against `base_book` and `base_traffic`, the base's own, is told
    apart and fails nothing.
    Units: `traffic` and `base_traffic` are requests (calls of a job) a month by route.

    Raises: InvalidValue for a monthly budget without traffic, CurrencyMismatch, AmbiguousPrice, UnitMismatch, UnknownUnit.
    """
    own_book = base_book if base_book is not None and base_book.digest != book.digest else None
    case = Case(
        head=head,
        base=base,
        book=book,
        budget=budget,
        traffic=traffic,
        at=at,
        evidence=evidence or Evidence(),
        base_book=own_book,
        base_traffic=base_traffic,
    )
    with localcontext(ARITHMETIC):
        demand_answerable(case)
        return _report(case)


def compare(head: Snapshot, base: Snapshot, book: PriceBook, threshold: Decimal, at: date) -> Report:
    """The plain comparison of two snapshots: a route fails when its cost is above base × (1 + `threshold`), CPU included.

    Units: `threshold` is a ratio.

    Raises: CurrencyMismatch, AmbiguousPrice, UnitMismatch, UnknownUnit.
    """
    case = Case(head=head, base=base, book=book, budget=Budget(regression=threshold), traffic={}, at=at, is_plain=True)
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
        head=_side("head", case.head, reference(case.book)),
        base=_side("base", case.base, reference(case.base_book) if case.base_book else None) if case.base else None,
        routes=routes,
        budgets=tuple(_in_order(budgets, routes)),
        findings=findings_of(judged, suite, case),
        caveats=unique([*case.book.caveats, *case.evidence.notes, *caveats_of(subjects, case)]),
        monthly_delta=trimmed(total.mid) if total else None,
        monthly_price_effect=_sum(_price_effect(one) for one in routes),
        monthly_traffic_effect=_sum(one.traffic_effect for one in routes),
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


def _price_effect(route: RouteResult) -> Decimal | None:
    """What prices add a month on `route`; None where no price of the base is known, or no traffic."""
    if route.price_effect is None or route.requests_per_month is None or all(line.price_effect is None for line in route.meters):
        return None
    return route.price_effect * route.requests_per_month


def _sum(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """The sum of what is known; None when nothing is."""
    known = [amount for amount in amounts if amount is not None]
    return trimmed(sum(known, Decimal(0))) if known else None


def _side(label: str, snapshot: Snapshot, book: PriceBookRef | None) -> Side:
    meta = snapshot.meta
    return Side(
        label=label,
        git_sha=meta.git_sha,
        dirty=meta.dirty,
        created_at=meta.created_at,
        environment=meta.environment,
        pricebook=book or meta.pricebook,
    )

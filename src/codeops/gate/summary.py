"""The summary: the whole report in one line, verdict first."""

from collections.abc import Sequence
from decimal import Decimal

from codeops.core.figure import count_noun, money
from codeops.core.report import BudgetResult, Change, RouteResult, Verdict
from codeops.gate import wording
from codeops.gate.case import Case

__all__ = ["KINDS", "summary_of"]

KINDS = ("regression", "per_1k", "per_unit", "monthly_increase")
"""The kinds of budgets, in the order in which they are told."""


def summary_of(verdict: Verdict, routes: Sequence[RouteResult], budgets: Sequence[BudgetResult], total: Decimal | None, case: Case) -> str:
    """The verdict, what decided it, and the money a month where it is known."""
    by_name = {route.name: route for route in routes}
    deciding = sorted((budget for budget in budgets if budget.verdict is verdict), key=lambda budget: _weight(budget, by_name))
    if verdict is Verdict.PASS:
        parts = [_passed(routes, case), *_month(total, case)]
    else:
        first = deciding[0]
        parts = [first.text]
        if first.route and first.kind == "regression":
            parts += _month(by_name[first.route].monthly_delta, case)
        if len(deciding) > 1:
            state = "broken" if verdict is Verdict.FAIL else "open"
            parts.append(f"and {count_noun(Decimal(len(deciding) - 1), 'more budget')} {state}")
    return f"{verdict.value}: {', '.join(parts)}"


def _weight(budget: BudgetResult, routes: dict[str, RouteResult]) -> tuple[bool, Decimal, Decimal, str, int]:
    """Budgets of routes before the suite's, because they name the culprit; then by money."""
    route = routes.get(budget.route)
    month = route.monthly_delta if route else None
    delta = route.delta if route else None
    return not budget.route, -(month or Decimal(0)), -(delta or Decimal(0)), budget.route, KINDS.index(budget.kind)


def _passed(routes: Sequence[RouteResult], case: Case) -> str:
    if case.base is None:
        return f"{count_noun(Decimal(len(routes)), 'route')} measured, with no baseline to compare with"
    counts = {change: sum(route.change is change for route in routes) for change in Change}
    words = {Change.NEW: "new", Change.GONE: "gone", Change.ZERO_BASE: "without a base cost"}
    others = [f"{counts[change]} {word}" for change, word in words.items() if counts[change]]
    return ", ".join([f"{count_noun(Decimal(counts[Change.COMPARED]), 'route')} within budget", *others])


def _month(amount: Decimal | None, case: Case) -> list[str]:
    """Money a month, in words where it is none."""
    if amount is None:
        return []
    if case.base is None:
        return [f"{money(amount, case.book.currency)} a month"]
    return [wording.monthly(amount, case.book.currency) if amount else "no change a month"]

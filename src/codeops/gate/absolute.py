"""Absolute budgets: what a route may cost by itself, and what a change may add to the month's bill."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from codeops.core import figure
from codeops.core.errors import InvalidValue
from codeops.core.money import Money
from codeops.core.report import BudgetResult, Change, Verdict
from codeops.gate import wording
from codeops.gate.case import Case
from codeops.gate.interval import ROUNDING, Interval
from codeops.gate.level import head_level
from codeops.gate.lines import trimmed
from codeops.gate.standing import Standing
from codeops.gate.subject import Subject

__all__ = ["demand_answerable", "level_budgets", "monthly_budget", "monthly_delta"]

_THOUSAND = Decimal(1000)


def demand_answerable(case: Case) -> None:
    """Nothing, or the error of a budget that cannot be judged at all: it would be switched off in silence.

    Raises: InvalidValue for `monthly_increase` without any traffic, CurrencyMismatch for a limit in another currency.
    """
    budget = case.budget
    if budget.monthly_increase is not None and not case.traffic:
        raise InvalidValue(
            "budget monthly_increase needs traffic",
            why="no route has a number of requests a month, so that no cost per request becomes money a month",
            fix='add [traffic] with a line such as "/v1/report" = 40_000_000',
        )
    own = [limit for route in budget.routes.values() for limit in (route.per_1k, route.per_unit)]
    for limit in (budget.per_1k, budget.monthly_increase, *own):
        if limit is not None:
            case.money(Decimal(0)) + limit


def level_budgets(subject: Subject, case: Case) -> list[BudgetResult]:
    """How the head's cost of `subject` stands against its limits per 1,000 requests and per unit."""
    if subject.head is None:
        return []
    own, level = case.budget.of(subject.name), head_level(subject)
    found = []
    if own.per_1k is not None:
        what = "calls" if subject.head.kind == "job" else "requests"
        found.append(_level_budget("per_1k", subject, own.per_1k, level.scaled(_THOUSAND) if level else None, f"1,000 {what}"))
    if own.per_unit is not None:
        units = subject.head.units
        value = level.over(units) if level and units else None
        found.append(
            _level_budget("per_unit", subject, own.per_unit, value, f"one {subject.head.unit}" if subject.head.unit else "one unit")
        )
    return found


def _level_budget(kind: str, subject: Subject, limit: Money, value: Interval | None, per: str) -> BudgetResult:
    if value is None:
        missing = "declares no units" if kind == "per_unit" and not subject.measured.units else "uses nothing that has a price"
        text = f"{subject.name} {missing}, so its cost for {per} is not known"
        return BudgetResult(kind=kind, route=subject.name, verdict=Verdict.INCONCLUSIVE, limit=limit.amount, value=None, text=text)
    verdict = value.verdict(_reached(limit))
    costs, allowed = wording.unlike_money(value.mid, limit.amount, limit.currency, digits=4)
    text = f"{subject.name} costs {'at least ' if subject.at_least else ''}{costs} for {per} (limit {allowed})"
    if verdict is Verdict.INCONCLUSIVE:
        text += f", {_bounds(value, limit.currency)}"
    return BudgetResult(kind=kind, route=subject.name, verdict=verdict, limit=limit.amount, value=trimmed(value.mid), text=text)


def monthly_delta(subjects: Sequence[Subject], stand: Mapping[str, Standing], case: Case) -> Interval | None:
    """What the change adds to a month's bill over the routes with traffic; None where that is nowhere known."""
    known = [
        delta.scaled(Decimal(case.traffic[subject.name]))
        for subject in subjects
        if subject.name in case.traffic and (delta := stand[subject.name].delta) is not None
    ]
    return sum(known, Interval.exact(Decimal(0))) if known else None


def monthly_budget(subjects: Sequence[Subject], stand: Mapping[str, Standing], case: Case) -> list[BudgetResult]:
    """How the month's increase stands against its limit; nothing without a limit or a base.

    A route that is gone takes nothing off: what is no longer measured is no saving that makes room for others.
    """
    limit = case.budget.monthly_increase
    if limit is None or case.base is None:
        return []
    total = monthly_delta([subject for subject in subjects if subject.change is not Change.GONE], stand, case)
    if total is None:
        text = "the increase a month is not known, because no route with traffic could be compared"
        return [BudgetResult(kind="monthly_increase", route="", verdict=Verdict.INCONCLUSIVE, limit=limit.amount, value=None, text=text)]
    verdict = total.verdict(_reached(limit))
    more, allowed = wording.unlike_money(total.mid, limit.amount, limit.currency)
    text = f"the suite costs {'+' if total.mid > 0 else ''}{more} a month (limit +{allowed})"
    if verdict is Verdict.INCONCLUSIVE:
        text += f", {_bounds(total, limit.currency)}"
    return [BudgetResult(kind="monthly_increase", route="", verdict=verdict, limit=limit.amount, value=trimmed(total.mid), text=text)]


def _reached(limit: Money) -> Decimal:
    """The amount up to which `limit` holds: exactly at it passes, even where a division rounded up."""
    return limit.amount * (1 + ROUNDING)


def _bounds(value: Interval, currency: str) -> str:
    """The bounds of an open figure in words."""
    if not (value.low.is_finite() and value.high.is_finite()):
        return "but a count varies and has fewer than two samples"
    low, high = (figure.money(bound, currency, digits=4) for bound in (value.low, value.high))
    return f"but anything from {low} to {high} is possible, because CPU and counts that vary are not certain"

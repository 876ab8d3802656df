"""Waivers applied: which broken budgets and findings count for nothing today, and which waivers are no good any more."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from difflib import get_close_matches

from codeops.core import figure
from codeops.core.errors import CurrencyMismatch
from codeops.core.finding import Finding, Severity
from codeops.core.report import BudgetResult, Report, RouteResult, Verdict, worst
from codeops.core.waiver import Ceiling, Waiver, WaiverResult, WaiverState
from codeops.gate import wording
from codeops.gate.findings import RULES

__all__ = ["apply"]

_EXPLAINS = "calls-grew"  # the finding that says why a route's budget is broken, and goes with it
_PER = {"regression": "", "per_1k": " per 1k", "per_unit": " per unit", "monthly_increase": " a month"}


def apply(report: Report, waivers: Sequence[Waiver], day: date) -> Report:
    """The report in which what `waivers` let pass on `day` no longer decides, each waiver told with how it stands.

    A waiver holds up to its last day, and while the figure that the report shows is not above its ceiling. An expired one fails
    the report by itself. In a report about a part of the suite, waivers of other routes are left alone.

    Raises: CurrencyMismatch for a ceiling in another currency than the report's.
    """
    _demand_currency(waivers, report.currency)
    is_part = any(caveat.kind == "selected" for caveat in report.caveats)
    names = [route.name for route in report.routes]
    near = [waiver for waiver in waivers if not is_part or not waiver.route or any(map(waiver.is_for, names))]
    if not near:
        return report
    desk = _Desk(report, [waiver for waiver in near if not waiver.is_over(day)])
    budgets = tuple(replace(budget, waived=desk.waiver_of(budget)) for budget in report.budgets)
    findings = desk.findings(budgets)
    results = tuple(desk.result(waiver, budgets, findings) for waiver in near)
    told = [finding for result in results for finding in _told(result, names, can_be_unused=report.base is not None and not is_part)]
    everything = sorted([*told, *findings], key=lambda one: list(Severity).index(one.severity))
    return _concluded(replace(report, budgets=budgets, findings=tuple(everything), waivers=results))


class _Desk:
    """Where one report meets the waivers that have not expired."""

    def __init__(self, report: Report, waivers: list[Waiver]) -> None:
        self._report, self._waivers = report, waivers
        self._routes = {route.name: route for route in report.routes}

    def waiver_of(self, budget: BudgetResult) -> Waiver | None:
        """The first waiver under which `budget` may be broken or open."""
        if budget.verdict is Verdict.PASS:
            return None
        return self._first((waiver for waiver in self._waivers if _covers(waiver, budget)), budget.route)

    def findings(self, budgets: Iterable[BudgetResult]) -> tuple[Finding, ...]:
        """The report's findings, those of a budget waived with it."""
        under = {(budget.route, budget.text): budget.waived for budget in budgets}
        return tuple(
            replace(one, waived=under[one.route, one.message] if (one.route, one.message) in under else self._waiver_of_finding(one))
            for one in self._report.findings
        )

    def result(self, waiver: Waiver, budgets: Sequence[BudgetResult], findings: Sequence[Finding]) -> WaiverResult:
        """How `waiver` stands: above its ceiling anywhere, in use, or of no use."""
        if waiver not in self._waivers:
            return WaiverResult(waiver=waiver, state=WaiverState.EXPIRED, text=f"the waiver for {waiver.about} ended on {waiver.until}")
        above = [self._above(waiver, budget.route) for budget in budgets if _covers(waiver, budget)]
        if any(above):
            text = f"{waiver.about} is not waived: {next(filter(None, above))}"
            return WaiverResult(waiver=waiver, state=WaiverState.EXCEEDED, text=text)
        if waiver in {*(budget.waived for budget in budgets), *(one.waived for one in findings)}:
            limit = f", up to {_spelled(waiver.ceiling)}" if waiver.ceiling else ""
            return WaiverResult(waiver=waiver, state=WaiverState.HOLDS, text=f"{waiver.about} is waived until {waiver.until}{limit}")
        is_known = not waiver.route or any(map(waiver.is_for, self._routes))
        why = "" if is_known else ": no such route is measured"
        return WaiverResult(waiver=waiver, state=WaiverState.UNUSED, text=f"the waiver for {waiver.about} waives nothing{why}")

    def _waiver_of_finding(self, one: Finding) -> Waiver | None:
        """The first waiver that names the finding's rule, or is for all that the route's cost makes fail."""
        is_cost = one.severity is Severity.ERROR or one.rule == _EXPLAINS
        return self._first(
            (waiver for waiver in self._waivers if waiver.is_for(one.route) and (waiver.rule == one.rule if waiver.rule else is_cost)),
            one.route,
        )

    def _first(self, waivers: Iterable[Waiver], route: str) -> Waiver | None:
        return next((waiver for waiver in waivers if not self._above(waiver, route)), None)

    def _above(self, waiver: Waiver, route: str) -> str:
        """Why the ceiling of `waiver` is not kept by `route`, or by the suite where it is empty; empty where it is."""
        ceiling = waiver.ceiling
        if ceiling is None:
            return ""
        value = self._value(ceiling.kind, self._routes.get(route))
        if value is None:
            return f"whether {route or 'the suite'} keeps its ceiling of {_spelled(ceiling)} is not known"
        if value <= ceiling.amount:
            return ""
        is_ratio = ceiling.kind == "regression"
        shown, limit = figure.unlike(value, ceiling.amount) if is_ratio else wording.unlike_money(value, ceiling.amount, ceiling.currency)
        per = _PER[ceiling.kind]
        return f"{shown}{per} is above its ceiling of {limit}{per}"

    def _value(self, kind: str, route: RouteResult | None) -> Decimal | None:
        """The figure that a ceiling of `kind` limits."""
        if kind == "monthly_increase":
            return self._report.monthly_delta if route is None else route.monthly_delta
        if route is None:
            return None
        if kind == "regression":
            return route.ratio
        if route.head_cost is None:
            return None
        if kind == "per_1k":
            return route.head_cost * 1000
        return route.head_cost / route.units if route.units else None


def _covers(waiver: Waiver, budget: BudgetResult) -> bool:
    """Whether `budget` is broken or open, and `waiver` is about it; the suite's own budget has to be named by its rule."""
    if budget.verdict is Verdict.PASS or not waiver.is_for(budget.route):
        return False
    return waiver.rule == RULES[budget.kind] if waiver.rule else bool(budget.route)


def _demand_currency(waivers: Iterable[Waiver], currency: str) -> None:
    for waiver in waivers:
        if waiver.ceiling and waiver.ceiling.currency not in {"", currency}:
            raise CurrencyMismatch(
                f"the ceiling of the waiver for {waiver.about} is in {waiver.ceiling.currency}, the price book in {currency}",
                why="amounts in two currencies cannot be compared",
                fix=f"write the ceiling in {currency}",
                location=waiver.location,
            )


def _spelled(ceiling: Ceiling) -> str:
    amount = figure.ratio(ceiling.amount) if ceiling.kind == "regression" else figure.money(ceiling.amount, ceiling.currency)
    return f"{amount}{_PER[ceiling.kind]}"


def _told(result: WaiverResult, names: Sequence[str], *, can_be_unused: bool) -> list[Finding]:
    """What has to be done about a waiver; nothing about one that is in use, or of which this run cannot tell whether it is."""
    waiver = result.waiver
    if result.state is WaiverState.EXPIRED:
        return [_finding("waiver-expired", Severity.ERROR, result, "remove it, or say anew until when and why")]
    if result.state is WaiverState.EXCEEDED:
        return [_finding("waiver-exceeded", Severity.WARNING, result, "take back the growth, or raise the ceiling and say why")]
    if waiver.route and not any(map(waiver.is_for, names)):
        near = get_close_matches(waiver.route, names, 1)
        return [_finding("unknown-route", Severity.WARNING, result, f"write {near[0]!r}" if near else "remove it")]
    if result.state is WaiverState.UNUSED and can_be_unused:
        return [_finding("waiver-unused", Severity.INFO, result, "remove it")]
    return []


def _finding(rule: str, severity: Severity, result: WaiverResult, fix: str) -> Finding:
    waiver = result.waiver
    why = f"{waiver.owner}: {waiver.reason}"
    return Finding(rule=rule, severity=severity, message=result.text, why=why, fix=fix, route=waiver.route, location=waiver.location)


def _concluded(report: Report) -> Report:
    """The report with the verdict that is left, and the rows and summary that say what was waived."""
    waived = [budget for budget in report.budgets if budget.waived]
    deciding = [budget for budget in report.budgets if not budget.waived]
    errors = [one for one in report.findings if one.severity is Severity.ERROR and not one.waived]
    verdict = worst([*(budget.verdict for budget in deciding), Verdict.FAIL if errors else Verdict.PASS])
    routes = tuple(replace(route, notes=(*route.notes, *_notes(route, waived))) for route in report.routes)
    if not waived and verdict is report.verdict:
        return report
    return replace(report, verdict=verdict, routes=routes, summary=_summary(verdict, deciding, errors, waived))


def _notes(route: RouteResult, waived: Iterable[BudgetResult]) -> list[str]:
    known = dict.fromkeys(budget.waived for budget in waived if budget.route == route.name and budget.waived)
    return [f"waived until {waiver.until} by {waiver.owner}" for waiver in known]


def _summary(verdict: Verdict, deciding: Iterable[BudgetResult], errors: Iterable[Finding], waived: Sequence[BudgetResult]) -> str:
    reasons = [budget.text for budget in deciding if budget.verdict is verdict] if verdict is not Verdict.PASS else []
    reasons += [one.message for one in errors if verdict is Verdict.FAIL and one.message not in reasons]
    let_pass = [f"{budget.text}, waived until {budget.waived.until}" for budget in waived if budget.waived]
    first, *rest = reasons or let_pass
    parts = [first, *([f"and {len(rest)} more"] if rest else []), *([f"{len(let_pass)} waived"] if reasons and let_pass else [])]
    return f"{verdict.value}: {', '.join(parts)}"

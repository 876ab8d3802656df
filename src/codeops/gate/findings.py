"""Findings: what a judgement tells people to do something about, worded to stand alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches

from codeops.core import figure
from codeops.core.finding import Finding, Severity
from codeops.core.report import BudgetResult, Cause, Change, RouteResult, Verdict
from codeops.gate import wording
from codeops.gate.advice import advice_for
from codeops.gate.bytecode import bytecode_grew
from codeops.gate.case import Case
from codeops.gate.growth import level_grew, unpriced_grew
from codeops.gate.lines import Line, Nature
from codeops.gate.subject import Subject

__all__ = ["RULES", "Judged", "findings_of"]

RULES = {"regression": "route-regression", "per_1k": "route-budget", "per_unit": "unit-budget", "monthly_increase": "monthly-increase"}
"""The rule of a broken budget, by its kind."""

_NOTICEABLE = Decimal("0.01")  # of the route's cost: a count that varies by less is information, not a warning


@dataclass(frozen=True, slots=True)
class Judged:
    """One route with its result and its budgets."""

    subject: Subject
    result: RouteResult
    budgets: list[BudgetResult]


def findings_of(judged: Sequence[Judged], suite: Iterable[BudgetResult], case: Case) -> tuple[Finding, ...]:
    """All findings of a run, the worst first, then by money."""
    found = [_broken(budget, _dearest(judged), case) for budget in suite if budget.verdict is not Verdict.PASS]
    for one in judged:
        found += [_broken(budget, one.result, case) for budget in one.budgets if budget.verdict is not Verdict.PASS]
        found += _calls_grew(one) if one.result.verdict is Verdict.FAIL else []
        found += [*_came_or_went(one, case), *_unsure(one.subject), *_hints(one.subject, case)]
    found += [*bytecode_grew(case), *_unknown_routes(case)]
    order = list(Severity)
    return tuple(
        sorted(found, key=lambda one: (order.index(one.severity), -abs(one.monthly or Decimal(0)), one.rule, one.route, one.message))
    )


def _broken(budget: BudgetResult, route: RouteResult | None, case: Case) -> Finding:
    """A budget that is broken, or cannot be told to hold."""
    is_broken = budget.verdict is Verdict.FAIL
    causes = route.causes if route else ()
    return Finding(
        rule=RULES[budget.kind] if is_broken else "inconclusive",
        severity=Severity.ERROR if is_broken else Severity.WARNING,
        message=budget.text,
        why=_why(budget, route, case),
        fix=_fix(budget, causes, case),
        route=budget.route,
        location=next((cause.location for cause in causes if cause.location), None),
        monthly=_monthly(budget, route),
    )


def _why(budget: BudgetResult, route: RouteResult | None, case: Case) -> str:
    if route is None:
        return ""
    causes = "; ".join(cause.text for cause in route.causes[:3])
    if budget.kind == "monthly_increase" and route.monthly_delta is not None:
        most = f"{route.name} adds most: {wording.monthly(route.monthly_delta, case.book.currency)}"
        return f"{most} ({causes})" if causes else most
    if route.base_cost is None or route.head_cost is None:
        return causes
    was, now = wording.thousands(route.base_cost, route.head_cost, case.book.currency)
    change = f"{was} before, {now} now for 1,000 {'calls' if route.kind == 'job' else 'requests'}"
    return f"{change}: {causes}" if causes else change


def _fix(budget: BudgetResult, causes: Sequence[Cause], case: Case) -> str:
    if budget.kind == "regression" and budget.verdict is Verdict.INCONCLUSIVE and budget.route in case.evidence.doubts:
        return "see why the base does not answer; per_1k limits what the route may cost without a base"
    if budget.verdict is Verdict.INCONCLUSIVE:
        return "measure more as it says, or give the budget more room"
    growth = causes[0].text if causes else "the growth"
    if case.is_plain:
        return f"take back {growth}, or compare with a higher threshold"
    place = f'[budget.routes."{budget.route}"]' if budget.route else "[budget]"
    return f"take back {growth}, or raise {budget.kind} in {place} and say why in the commit"


def _monthly(budget: BudgetResult, route: RouteResult | None) -> Decimal | None:
    """The money a month that is at stake: the increase, or what is above an absolute limit."""
    if budget.kind == "monthly_increase" or route is None:
        return budget.value
    if budget.kind == "regression":
        return route.monthly_delta
    if budget.value is None or route.requests_per_month is None:
        return None
    per_call = Decimal(1) / 1000 if budget.kind == "per_1k" else route.units or Decimal(0)
    return (budget.value - budget.limit) * per_call * route.requests_per_month


def _dearest(judged: Sequence[Judged]) -> RouteResult | None:
    """The route that adds most a month."""
    known = [one.result for one in judged if one.result.monthly_delta is not None]
    return max(known, key=lambda route: (route.monthly_delta or Decimal(0), route.name), default=None)


def _calls_grew(one: Judged) -> list[Finding]:
    """Each place whose consumption grew on a route with a broken budget."""
    return [_cause_finding(one.result.name, cause) for cause in one.result.causes if cause.location and cause.amount > 0]


def _cause_finding(route: str, cause: Cause) -> Finding:
    return Finding(
        rule="calls-grew",
        severity=Severity.WARNING,
        message=f"{route}: {cause.text}",
        why=f"for each request: {cause.code}" if cause.code else "for each request",
        fix=cause.advice,
        route=route,
        meter=cause.meter,
        location=cause.location,
        monthly=cause.monthly,
    )


def _came_or_went(one: Judged, case: Case) -> list[Finding]:
    route, currency = one.result, case.book.currency
    if case.base is None or route.change is Change.COMPARED:
        return []
    cost = route.base_cost if route.change is Change.GONE else route.head_cost
    text = "a cost that is not known" if cost is None else f"{figure.per_thousand(cost, currency)} for 1,000 {_noun(route)}"
    rule, severity, message, fix = {
        Change.NEW: ("new-route", Severity.INFO, f"{route.name} is new: {text}", "give it a budget of its own if it matters"),
        Change.GONE: (
            "gone-route",
            Severity.WARNING,
            f"{route.name} is no longer measured; it was {text}",
            "measure it again, or update the baseline if it was removed on purpose",
        ),
        Change.ZERO_BASE: (
            "zero-base",
            Severity.WARNING,
            f"{route.name} cost nothing and is now {text}",
            "no percentage can judge this: give the route a budget per_1k, or update the baseline",
        ),
    }[route.change]
    return [Finding(rule=rule, severity=severity, message=message, fix=fix, route=route.name, monthly=route.monthly_delta)]


def _noun(route: RouteResult) -> str:
    return "calls" if route.kind == "job" else "requests"


def _unsure(subject: Subject) -> list[Finding]:
    """Counts that vary from request to request and so cannot be compared exactly."""
    return [_unstable(subject, line) for line in subject.lines if line.nature is Nature.UNSTABLE]


def _unstable(subject: Subject, line: Line) -> Finding:
    sides = [
        f"{figure.amount(usage.mean, line.unit)} ± {figure.amount(usage.sd, line.unit)} in {side}, {usage.samples} samples"
        for side, usage in (("base", line.base), ("head", line.head))
        if usage
    ]
    whole = max(subject.base_cost or Decimal(0), subject.head_cost or Decimal(0))
    spread = max((sample.sd for sample in line.cost_samples()), default=Decimal(0))
    matters = not line.is_priced or spread >= _NOTICEABLE * whole
    return Finding(
        rule="count-unstable",
        severity=Severity.WARNING if matters else Severity.INFO,
        message=f"{subject.name}: {line.meter} varies from request to request",
        why="; ".join(sides),
        fix="let the benchmark send the same request to the same data each time, so that counts repeat and compare exactly",
        route=subject.name,
        meter=line.meter,
    )


def _hints(subject: Subject, case: Case) -> list[Finding]:
    """Growth that cannot fail a budget but should be looked at."""
    found = []
    for line in subject.lines:
        if level_grew(line, subject, case):
            found.append(_hint("usage-grew", subject, line, _hinted(subject, case)))
        elif (
            subject.change is Change.COMPARED and subject.base and not subject.is_recorded and unpriced_grew(line, case.limit(subject.name))
        ):
            found.append(_hint("unpriced-usage-grew", subject, line, "it has no price, so no budget in money sees it"))
    return found


def _hinted(subject: Subject, case: Case) -> str:
    """Why growth of a level is no proof."""
    if case.pairs(subject.name) is None:
        return "it is compared with a stored baseline, so it is a hint and no proof"
    return "pairs do not tell it on both sides, so it is a hint and no proof"


def _hint(rule: str, subject: Subject, line: Line, reason: str) -> Finding:
    before = line.base.mean if line.base else Decimal(0)
    after = line.head.mean if line.head else Decimal(0)
    by = f" ({figure.ratio(after / before - 1)})" if before else ""
    was, now = figure.amount(before, line.unit), figure.amount(after, line.unit)
    return Finding(
        rule=rule,
        severity=Severity.WARNING,
        message=f"{subject.name} uses more {line.meter}: {was} → {now}{by}",
        why=reason,
        fix=f'add [[price]] with meter = "{line.meter}" to your price book' if rule == "unpriced-usage-grew" else advice_for(line.meter),
        route=subject.name,
        meter=line.meter,
    )


def _unknown_routes(case: Case) -> list[Finding]:
    """Budgets and traffic for routes that neither side has: a slip of the keyboard would switch a gate off."""
    known = case.routes
    named = [("traffic", name) for name in case.traffic] + [("budget.routes", name) for name in case.budget.routes]
    found = []
    for table, name in named:
        if name in known:
            continue
        near = get_close_matches(name, known, 1)
        found.append(
            Finding(
                rule="unknown-route",
                severity=Severity.WARNING,
                message=f"[{table}] names {name}, which is not measured",
                why=f"measured are {', '.join(known[:10]) or 'no routes'}{', …' if len(known) > 10 else ''}",
                fix=f"write {near[0]!r}" if near else "remove it, or add a benchmark for it",
                route=name,
            )
        )
    return found

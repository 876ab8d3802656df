"""Waivers: what they let pass, for whom, up to where and until when."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from codeops.core.budget import Budget, RouteBudget
from codeops.core.cost import Caveat
from codeops.core.errors import CurrencyMismatch
from codeops.core.finding import Severity
from codeops.core.location import Location
from codeops.core.report import Report, Verdict
from codeops.core.waiver import Ceiling, Waiver, WaiverState
from codeops.gate.waiver import apply
from gate.gate_values import AT, GET, D, judged, meter, route, simple, site, snapshot, usd

PLACE = Location("cost/waivers.toml", 4, 1)


def waiver(**changes: object) -> Waiver:
    fields: dict[str, object] = {"reason": "ticket 41", "owner": "payments", "until": AT, "location": PLACE}
    return Waiver(**{**fields, **changes})  # type: ignore[arg-type]


def ratio(text: str) -> Ceiling:
    return Ceiling(kind="regression", amount=D(text))


def money(kind: str, text: str, currency: str = "USD") -> Ceiling:
    return Ceiling(kind=kind, amount=D(text), currency=currency)


def gets(**amounts: int) -> Report:
    """A report in which each route asks for one object at the base and for so many at the head: a cent each, 100 requests a month."""
    base = snapshot({f"/{name}": route(meter(GET, 1, sites=(site(1),))) for name in amounts})
    head = snapshot({f"/{name}": route(meter(GET, amount, sites=(site(amount),))) for name, amount in amounts.items()})
    budget = Budget(routes={"/a": RouteBudget(per_1k=usd(50))})
    return judged(head, base, budget, {f"/{name}": 100 for name in amounts})


def rules(report: Report) -> dict[str, bool]:
    """Each rule that was found, and whether all of its findings are waived."""
    return {one.rule: all(other.waived for other in report.findings if other.rule == one.rule) for one in report.findings}


def test_without_waivers_a_report_stays_what_it_is() -> None:
    report = gets(a=2)

    assert apply(report, (), AT) is report


def test_a_broken_budget_that_is_waived_keeps_its_verdict_and_decides_nothing() -> None:
    report = apply(gets(a=2, b=1), [waiver(route="/a")], AT)

    broken = next(budget for budget in report.budgets if budget.verdict is Verdict.FAIL)
    assert report.verdict is Verdict.PASS
    assert broken.waived == waiver(route="/a")
    assert report.routes[0].verdict is Verdict.FAIL
    assert "waived until 2026-11-20 by payments" in report.routes[0].notes
    assert report.summary == "pass: /a costs +100.0 % (limit +8.0 %), waived until 2026-11-20"
    assert [(result.state, result.text) for result in report.waivers] == [(WaiverState.HOLDS, "/a is waived until 2026-11-20")]


def test_the_findings_of_a_waived_route_are_waived_with_it() -> None:
    report = apply(gets(a=2), [waiver(route="/a")], AT)

    assert rules(report) == {"route-regression": True, "calls-grew": True}


def test_the_negative_control_a_waiver_of_another_route_lets_nothing_pass() -> None:
    report = apply(gets(a=2, b=1), [waiver(route="/b")], AT)

    assert report.verdict is Verdict.FAIL
    assert not any(budget.waived for budget in report.budgets)
    assert report.summary == gets(a=2, b=1).summary


def test_what_is_not_waived_goes_on_to_decide_and_is_named_first() -> None:
    report = apply(gets(a=3, b=2, c=2), [waiver(route="/a")], AT)

    assert report.verdict is Verdict.FAIL
    assert report.summary == "fail: /b costs +100.0 % (limit +8.0 %), and 1 more, 1 waived"


@pytest.mark.parametrize(
    ("pattern", "verdict"),
    [("/*", Verdict.PASS), ("/[ab]", Verdict.PASS), ("*", Verdict.PASS), ("/A", Verdict.FAIL), ("/a*b", Verdict.FAIL)],
)
def test_a_pattern_waives_the_routes_that_it_matches(pattern: str, verdict: Verdict) -> None:
    assert apply(gets(a=2, b=2), [waiver(route=pattern)], AT).verdict is verdict


def test_a_route_named_with_brackets_is_waived_by_its_name() -> None:
    base, head = (snapshot({"/items/[id]": route(meter(GET, amount))}) for amount in (1, 2))

    assert apply(judged(head, base), [waiver(route="/items/[id]")], AT).verdict is Verdict.PASS


def test_a_waiver_of_one_rule_leaves_the_route_s_other_budgets_alone() -> None:
    report = apply(gets(a=6), [waiver(route="/a", rule="route-regression")], AT)

    assert report.verdict is Verdict.FAIL
    assert rules(report) == {"route-budget": False, "route-regression": True, "calls-grew": False}


def test_any_finding_can_be_waived_by_its_rule() -> None:
    report = apply(gets(a=2), [waiver(rule="calls-grew")], AT)

    assert rules(report) == {"route-regression": False, "calls-grew": True}
    assert report.waivers[0].state is WaiverState.HOLDS


def test_the_suite_s_own_budget_is_waived_by_its_rule_and_never_by_a_route() -> None:
    base, head = (snapshot({"/a": route(meter(GET, amount))}) for amount in (1, 2))
    report = judged(head, base, Budget(regression=D(9), monthly_increase=usd("0.5")), {"/a": 100})

    assert apply(report, [waiver(route="*")], AT).verdict is Verdict.FAIL
    assert apply(report, [waiver(rule="monthly-increase")], AT).verdict is Verdict.PASS
    assert apply(report, [waiver(rule="monthly-increase", ceiling=money("monthly_increase", "1"))], AT).verdict is Verdict.PASS
    assert apply(report, [waiver(rule="monthly-increase", ceiling=money("monthly_increase", "0.9"))], AT).verdict is Verdict.FAIL


@pytest.mark.parametrize(("days", "verdict"), [(0, Verdict.PASS), (1, Verdict.FAIL), (-1, Verdict.PASS)])
def test_a_waiver_holds_on_its_last_day_and_not_after_it(days: int, verdict: Verdict) -> None:
    assert apply(gets(a=2), [waiver(route="/a", until=AT)], AT + timedelta(days)).verdict is verdict


def test_an_expired_waiver_fails_the_report_by_itself() -> None:
    report = apply(gets(a=1), [waiver(route="/a", until=date(2026, 11, 1))], AT)

    first = report.findings[0]
    assert report.verdict is Verdict.FAIL
    assert (first.rule, first.severity, first.location) == ("waiver-expired", Severity.ERROR, PLACE)
    assert report.summary == "fail: the waiver for /a ended on 2026-11-01"
    assert first.why == "payments: ticket 41"


def test_an_expired_waiver_is_told_after_what_it_no_longer_waives() -> None:
    report = apply(gets(a=2), [waiver(route="/a", until=date(2026, 11, 1))], AT)

    assert report.verdict is Verdict.FAIL
    assert report.summary.startswith("fail: /a costs +100.0 %")
    assert not any(budget.waived for budget in report.budgets)


@pytest.mark.parametrize(
    ("ceiling", "verdict"),
    [
        (ratio("1"), Verdict.PASS),  # exactly at the ceiling holds
        (ratio("0.999"), Verdict.FAIL),
        (money("per_1k", "20"), Verdict.PASS),
        (money("per_1k", "19.99"), Verdict.FAIL),
        (money("monthly_increase", "1"), Verdict.PASS),
        (money("monthly_increase", "0.99"), Verdict.FAIL),
        (money("per_unit", "1"), Verdict.FAIL),  # a route has no units: what is not known is not below a ceiling
    ],
)
def test_a_waiver_holds_up_to_its_ceiling(ceiling: Ceiling, verdict: Verdict) -> None:
    report = apply(gets(a=2), [waiver(route="/a", ceiling=ceiling)], AT)

    assert report.verdict is verdict
    assert report.waivers[0].state is (WaiverState.HOLDS if verdict is Verdict.PASS else WaiverState.EXCEEDED)


@pytest.mark.parametrize(("amount", "verdict"), [("0.01", Verdict.PASS), ("0.009", Verdict.FAIL)])
def test_a_ceiling_per_unit_is_that_of_a_job(amount: str, verdict: Verdict) -> None:
    base, head = (snapshot({"job": route(meter(GET, gets), kind="job", unit="GB", units=D(2))}) for gets in (1, 2))

    assert apply(judged(head, base), [waiver(route="job", ceiling=money("per_unit", amount))], AT).verdict is verdict


def test_a_cost_that_is_not_known_is_not_below_a_ceiling() -> None:
    report = apply(
        judged(snapshot({"/a": simple(None)}), snapshot({"/a": simple(1)})), [waiver(route="/a", ceiling=money("per_1k", "9"))], AT
    )

    assert report.verdict is Verdict.INCONCLUSIVE
    assert report.waivers[0].text == "/a is not waived: whether /a keeps its ceiling of $9.00 per 1k is not known"


def test_of_the_suite_only_the_month_is_known() -> None:
    base, head = (snapshot({"/a": route(meter(GET, amount))}) for amount in (1, 2))
    report = judged(head, base, Budget(regression=D(9), monthly_increase=usd("0.5")), {"/a": 100})

    found = apply(report, [waiver(rule="monthly-increase", ceiling=ratio("2"))], AT)

    assert found.waivers[0].text == "monthly-increase is not waived: whether the suite keeps its ceiling of +200.0 % is not known"


def test_a_waiver_above_its_ceiling_says_both_figures() -> None:
    report = apply(gets(a=2), [waiver(route="/a", ceiling=ratio("0.5"))], AT)

    assert report.waivers[0].text == "/a is not waived: +100.0 % is above its ceiling of +50.0 %"
    assert rules(report)["waiver-exceeded"] is False


def test_a_ceiling_is_told_while_the_waiver_holds() -> None:
    report = apply(gets(a=2), [waiver(route="/a", ceiling=money("per_1k", "20"))], AT)

    assert report.waivers[0].text == "/a is waived until 2026-11-20, up to $20.00 per 1k"


def test_a_ceiling_in_another_currency_is_refused_with_its_place() -> None:
    with pytest.raises(CurrencyMismatch) as problem:
        apply(gets(a=1), [waiver(route="/a", ceiling=money("per_1k", "1", "EUR"))], AT)

    assert problem.value.location == PLACE


def test_where_one_waiver_is_exceeded_another_may_hold() -> None:
    report = apply(gets(a=2), [waiver(route="/*", ceiling=ratio("0.5")), waiver(route="/a")], AT)

    assert report.verdict is Verdict.PASS
    assert [result.state for result in report.waivers] == [WaiverState.EXCEEDED, WaiverState.HOLDS]


def test_a_waiver_that_waives_nothing_any_more_is_told_as_information() -> None:
    report = apply(gets(a=1), [waiver(route="/a")], AT)

    assert report.verdict is Verdict.PASS
    assert [(one.rule, one.severity, one.message) for one in report.findings] == [
        ("waiver-unused", Severity.INFO, "the waiver for /a waives nothing")
    ]


def test_without_a_base_no_waiver_is_called_useless() -> None:
    report = apply(judged(snapshot({"/a": route(meter(GET, 1))}), None), [waiver(route="/a")], AT)

    assert not report.findings
    assert report.waivers[0].state is WaiverState.UNUSED


@pytest.mark.parametrize(("name", "fix"), [("/repot", "write '/report'"), ("xyz", "remove it")])
def test_a_waiver_of_a_route_that_nobody_measures_is_told_with_the_nearest(name: str, fix: str) -> None:
    one = apply(gets(report=1), [waiver(route=name)], AT).findings[0]

    assert (one.rule, one.severity, one.fix, one.location) == ("unknown-route", Severity.WARNING, fix, PLACE)
    assert one.message == f"the waiver for {name} waives nothing: no such route is measured"


def test_in_a_report_about_a_part_of_the_suite_other_waivers_are_left_alone() -> None:
    whole = gets(a=2)
    part = replace(whole, caveats=(*whole.caveats, Caveat("selected", "", "only /a")))
    others = [waiver(route="/b", until=date(2026, 1, 1)), waiver(route="/c"), waiver(rule="monthly-increase")]

    report = apply(part, [waiver(route="/a"), *others], AT)

    assert report.verdict is Verdict.PASS
    assert [result.waiver.about for result in report.waivers] == ["/a", "monthly-increase"]
    assert not {"waiver-unused", "waiver-expired", "unknown-route"} & rules(report).keys()
    assert apply(part, others[:2], AT) is part


def test_an_open_verdict_is_waived_like_a_broken_budget() -> None:
    varying = {"exact": False, "sd": D("0.5"), "samples": 20}
    open_report = judged(snapshot({"/a": route(meter(GET, "1.1", **varying))}), snapshot({"/a": route(meter(GET, 1, **varying))}))

    assert open_report.verdict is Verdict.INCONCLUSIVE
    assert apply(open_report, [waiver(route="/a")], AT).verdict is Verdict.PASS
    assert apply(open_report, [waiver(route="/b")], AT).verdict is Verdict.INCONCLUSIVE

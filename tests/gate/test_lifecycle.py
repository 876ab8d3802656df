"""Routes that come, go, or cost nothing, first runs, and the simple form: all of it is said."""

import pytest
from gate_values import CPU, ELSEWHERE, GET, QUERY, D, book, judged, meter, one, own, price, route, route_of, rules, simple, snapshot, usd

from codeops.core.budget import Budget
from codeops.core.errors import CurrencyMismatch
from codeops.core.finding import Severity
from codeops.core.report import Change, Verdict
from codeops.core.snapshot import RouteUsage, Snapshot

EMPTY = snapshot({})


def test_a_new_route_is_said_and_judged_by_absolute_budgets_only() -> None:
    plain = judged(one(meter(GET, 1)), EMPTY, traffic={"/a": 1000})
    limited = judged(one(meter(GET, 1)), EMPTY, own(per_1k=usd(5)), {"/a": 1000})

    assert plain.verdict is Verdict.PASS
    assert plain.summary == "pass: 0 routes within budget, 1 new, +$10.00 a month"
    assert route_of(plain).change is Change.NEW
    assert (route_of(plain).ratio, route_of(plain).limit, route_of(plain).notes) == (None, None, ("new",))
    assert [(finding.rule, finding.severity) for finding in plain.findings] == [("new-route", Severity.INFO)]
    assert plain.findings[0].message == "/a is new: $10.0000 for 1,000 requests"
    assert limited.verdict is Verdict.FAIL


def test_a_new_route_without_a_price_says_so() -> None:
    report = judged(one(meter(QUERY, 1)), EMPTY)

    assert report.findings[0].message == "/a is new: a cost that is not known"


def test_a_route_that_is_gone_is_a_warning() -> None:
    report = judged(EMPTY, one(meter(GET, 1)), traffic={"/a": 1000})
    result = route_of(report)

    assert report.verdict is Verdict.PASS
    assert (result.change, result.head_cost, result.monthly_base, result.monthly_delta) == (Change.GONE, None, 10, -10)
    assert rules(report) == ["gone-route"]
    assert result.notes == ("gone: no longer measured, so nothing guards it",)
    assert report.summary == "pass: 0 routes within budget, 1 gone, -$10.00 a month"


def test_a_route_that_is_gone_has_no_absolute_budget_and_may_never_have_had_a_price() -> None:
    report = judged(EMPTY, one(meter(QUERY, 1)), own(per_1k=usd(0)), {"/a": 1})

    assert (report.verdict, report.budgets, report.monthly_delta) == (Verdict.PASS, (), None)


def test_a_zero_base_is_a_warning_with_the_absolute_increase() -> None:
    report = judged(one(meter(GET, 1)), one(meter(GET, 0)), traffic={"/a": 1000})
    result = route_of(report)

    assert report.verdict is Verdict.PASS
    assert (result.change, result.ratio, result.delta, result.monthly_delta) == (Change.ZERO_BASE, None, D("0.01"), 10)
    assert [(finding.rule, finding.severity, finding.monthly) for finding in report.findings] == [("zero-base", Severity.WARNING, 10)]
    assert report.summary == "pass: 0 routes within budget, 1 without a base cost, +$10.00 a month"
    assert judged(one(meter(GET, 1)), one(meter(GET, 0)), Budget(monthly_increase=usd(5)), {"/a": 1000}).verdict is Verdict.FAIL


def test_zero_on_both_sides_is_no_change() -> None:
    report = judged(one(meter(GET, 0)), one(meter(GET, 0)))

    assert (report.verdict, route_of(report).change, route_of(report).ratio) == (Verdict.PASS, Change.COMPARED, 0)


def test_a_first_run_has_costs_and_a_caveat_and_no_findings() -> None:
    report = judged(one(meter(GET, 1)), None, Budget(monthly_increase=usd(1)), {"/a": 1000})

    assert report.verdict is Verdict.PASS
    assert report.base is None
    assert [caveat.kind for caveat in report.caveats] == ["no-baseline"]
    assert (report.findings, report.budgets, route_of(report).notes) == ((), (), ())
    assert route_of(report).head_cost == D("0.01")
    assert report.summary == "pass: 1 route measured, with no baseline to compare with, $10.00 a month"
    assert judged(one(meter(GET, 1)), None, own(per_1k=usd(1))).verdict is Verdict.FAIL


@pytest.mark.parametrize("table", ["traffic", "budget"])
def test_a_slip_of_the_keyboard_in_a_route_is_a_warning(table: str) -> None:
    budget, traffic = (own("/v1/reprot", per_1k=usd(1)), {}) if table == "budget" else (None, {"/v1/reprot": 1})
    sides = snapshot({"/v1/report": route(meter(GET, 1))})

    report = judged(sides, sides, budget, traffic)

    assert rules(report) == ["unknown-route"]
    assert report.findings[0].fix == "write '/v1/report'"


def test_a_route_that_resembles_nothing_is_a_warning_too() -> None:
    many = snapshot({f"/v1/r{number}": route(meter(GET, 1)) for number in range(12)})

    report = judged(many, many, None, {"zzz": 1})
    none = judged(EMPTY, EMPTY, None, {"zzz": 1})

    assert report.findings[0].why.endswith("/v1/r7, …")
    assert report.findings[0].fix == "remove it, or add a benchmark for it"
    assert none.findings[0].why == "measured are no routes"


@pytest.mark.parametrize("name", ["/gone", "/a"])
def test_traffic_for_a_route_of_either_side_is_known(name: str) -> None:
    base = snapshot({"/gone": route(meter(GET, 1)), "/a": route(meter(GET, 1))})

    assert "unknown-route" not in rules(judged(one(meter(GET, 1)), base, None, {name: 1}))


def test_the_simple_form_is_compared_by_what_it_recorded() -> None:
    base, head = snapshot({"/a": simple("0.01", s3_gets=1)}), snapshot({"/a": simple("0.06", s3_gets=6)})

    report = judged(head, base)
    result = route_of(report)

    assert (report.verdict, result.ratio, result.head_cost) == (Verdict.FAIL, 5, D("0.06"))
    assert not result.caveats
    assert [cause.text for cause in result.causes] == ["+5 S3 GETs"]
    assert (result.quantity_effect, result.price_effect, result.residual) == (D("0.05"), 0, 0)


def test_recorded_costs_that_their_usage_does_not_explain_are_told_with_both_figures() -> None:
    base, head = snapshot({"/a": simple("0.0101", s3_gets=1)}), snapshot({"/a": simple("0.0102", s3_gets=1)})

    result = route_of(judged(head, base))

    assert [caveat.kind for caveat in result.caveats] == ["recorded-differs"]
    assert (
        "current snapshot records $10.2000 per 1,000 for /a, its usage fields at price book 2026-11 give $10.0000" in result.caveats[0].text
    )


@pytest.mark.parametrize(
    ("fields", "told"),
    [({"s3_gets": "1"}, False), ({"s3_gets": "1.02"}, True), ({}, False), ({"cpu_s": "0.01"}, False), ({"egress_bytes": "9"}, True)],
)
def test_one_per_cent_is_what_repricing_may_differ_by(fields: dict[str, str], told: bool) -> None:
    side = snapshot({"/a": simple("0.01", **fields)})

    assert any(caveat.kind == "recorded-differs" for caveat in route_of(judged(side, side)).caveats) is told


def test_a_summary_against_full_usage_compares_recorded_costs_with_a_caveat() -> None:
    base = snapshot({"/a": simple("0.05", s3_gets=5)})
    head = snapshot({"/a": route(meter(GET, 5), meter(QUERY, 3), cost_usd=D("0.05"), s3_gets=D(5))})

    there, back = judged(head, base), judged(base, head)

    assert (there.verdict, back.verdict) == (Verdict.PASS, Verdict.PASS)
    assert [caveat.kind for caveat in route_of(there).caveats] == ["simple-form"]
    assert "the baseline holds only a summary of /a" in route_of(there).caveats[0].text
    assert "the current snapshot holds only a summary of /a" in route_of(back).caveats[0].text
    assert not there.findings


def test_a_recorded_cost_needs_no_price_for_its_summary() -> None:
    base, head = snapshot({"/a": simple("0.01", s3_gets=1)}), snapshot({"/a": simple("0.0101", s3_gets=2)})

    report = judged(head, base, book=book(price("compute.cpu", "1", "vCPU.h")))

    assert (report.verdict, report.findings, route_of(report).at_least) == (Verdict.PASS, (), False)


def test_cpu_alone_cannot_fail_a_recorded_cost_but_leaves_it_open() -> None:
    base, head = snapshot({"/a": simple("0.10", cpu_s="0.1")}), snapshot({"/a": simple("0.15", cpu_s="0.15")}, environment=ELSEWHERE)
    counted = snapshot({"/a": simple("0.16", cpu_s="0.1")})

    report = judged(head, base)

    assert report.verdict is Verdict.INCONCLUSIVE
    assert "only CPU is beyond" in report.summary
    assert report.summary.startswith("inconclusive: /a costs +50.0 % (limit +8.0 %)")
    assert judged(counted, base).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("side", "cost"),
    [
        (simple(None, s3_gets=2), "0.02"),  # only the summary is there
        (route(meter(GET, 2)), "0.02"),  # full usage whose cost nobody recorded
    ],
)
def test_a_missing_recorded_cost_is_replaced_by_its_usage_and_told(side: RouteUsage, cost: str) -> None:
    result = route_of(judged(snapshot({"/a": side}), snapshot({"/a": simple("0.02", s3_gets=2)})))

    assert result.head_cost == D(cost)
    assert "recorded-missing" in {caveat.kind for caveat in result.caveats}


def test_a_summary_of_nothing_has_no_cost() -> None:
    side = snapshot({"/a": simple(None), "/b": simple("0.01")})

    report = judged(side, snapshot({"/a": simple("0.01"), "/b": simple("0.01")}))

    assert (report.verdict, route_of(report).head_cost) == (Verdict.INCONCLUSIVE, None)


def test_a_price_that_only_one_side_finds_leaves_the_route_open() -> None:
    prices = book(price(GET, "10", "1000 {request}", {"region": "here"}))

    report = judged(one(meter(GET, 1), labels={"region": "there"}), one(meter(GET, 1), labels={"region": "here"}), book=prices)

    assert report.verdict is Verdict.INCONCLUSIVE


def test_a_recorded_cost_in_another_currency_is_an_error() -> None:
    euros = book(price(GET, "10", "1000 {request}", currency="EUR"), currency="EUR")
    dollars = snapshot({"/a": simple("0.01")})

    with pytest.raises(CurrencyMismatch, match="recorded in USD"):
        judged(dollars, dollars, book=euros)
    recorded = snapshot({"/a": RouteUsage(cost=D("0.01"))}, currency="EUR")
    assert judged(recorded, recorded, book=euros).currency == "EUR"
    unknown = Snapshot(routes={"/a": RouteUsage(cost=D("0.01"))})
    assert judged(unknown, unknown, book=euros).verdict is Verdict.PASS


def test_what_was_recorded_in_another_currency_has_no_price_effect() -> None:
    euros = book(price(GET, "10", "1000 {request}", currency="EUR"), currency="EUR")
    usage = meter(GET, 1, cost=D("0.02"))

    known = route_of(judged(one(usage), one(usage)))
    foreign = route_of(judged(one(usage), one(usage), book=euros))

    assert (known.meters[0].price_effect, known.price_effect) == (D("-0.01"), D("-0.01"))
    assert (foreign.meters[0].price_effect, foreign.price_effect) == (None, 0)


def test_a_changed_price_is_told_apart_from_changed_usage() -> None:
    # The baseline was taken at half the price. Usage grew by one GET.
    result = route_of(judged(one(meter(GET, 11)), one(meter(GET, 10, cost=D("0.05"))), own(regression=D(1))))

    assert (result.base_cost, result.head_cost, result.ratio) == (D("0.1"), D("0.11"), D("0.1"))
    assert (result.quantity_effect, result.price_effect, result.residual) == (D("0.01"), D("0.05"), 0)
    assert result.notes == ("prices changed: the same usage was $50.0000 per 1,000 at the base's price book and is $100.0000 now",)


def test_a_recorded_cost_that_was_rounded_is_no_change_of_price() -> None:
    usage = meter(CPU, "0.0123456789", cost=D("0.01234567891"))

    assert route_of(judged(one(usage), one(usage))).meters[0].price_effect == 0


def test_a_meter_of_one_side_only_has_no_other_side() -> None:
    (line,) = route_of(judged(one(meter(GET, 1)), EMPTY)).meters

    assert (line.base, line.base_cost, line.price_effect, line.quantity_effect) == (None, None, None, D("0.01"))


def test_both_sides_are_named() -> None:
    report = judged(one(meter(GET, 1)), one(meter(GET, 1), environment=ELSEWHERE))

    assert (report.head.label, report.base.label) == ("head", "base")
    assert report.base.environment == ELSEWHERE
    assert report.codeops

"""`compare`: the plain comparison of two snapshots, exact to the last digit."""

from decimal import Decimal

import pytest
from gate_values import AT, BOOK, CPU, ELSEWHERE, GET, HERE, D, meter, one, route, route_of, rules, simple, snapshot
from hypothesis import given
from hypothesis import strategies as st

from codeops.core.report import Change, Report, Verdict
from codeops.core.snapshot import Snapshot
from codeops.gate import compare


def compared(head: Snapshot, base: Snapshot, threshold: str = "0.08") -> Report:
    return compare(head, base, BOOK, D(threshold), AT)


def costs(cost: str, environment: object = None) -> Snapshot:
    return snapshot({"/a": simple(cost)}, environment=environment)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("base", "head", "threshold", "verdict"),
    [
        ("0.00001", "0.0000108", "0.08", Verdict.PASS),  # exactly at it
        ("0.00001", "0.000010800000000000000000000000001", "0.08", Verdict.FAIL),  # the last digit counts
        ("0.00001", "0.0000107999", "0.08", Verdict.PASS),
        ("3", "3.3", "0.1", Verdict.PASS),  # in floats 3 * 1.1 is 3.3000000000000003
        ("0.1", "0.3", "2", Verdict.PASS),
        ("1", "1", "0", Verdict.PASS),
        ("1", "1.000001", "0", Verdict.FAIL),
    ],
)
def test_a_recorded_cost_fails_above_the_threshold_and_never_at_it(base: str, head: str, threshold: str, verdict: Verdict) -> None:
    report = compared(costs(head), costs(base), threshold)

    assert report.verdict is verdict
    assert not report.caveats


@given(st.decimals("0.000001", "1000", places=9), st.decimals("0", "3", places=4), st.integers(0, 1))
def test_the_verdict_is_the_comparison_in_exact_decimals(base: Decimal, threshold: Decimal, excess: int) -> None:
    head = base * (1 + threshold) + excess * D("1e-18")

    assert compared(costs(str(head)), costs(str(base)), str(threshold)).verdict is (Verdict.FAIL if excess else Verdict.PASS)


def test_full_usage_is_priced_anew_on_both_sides_cpu_included() -> None:
    report = compared(one(meter(GET, 5), meter(CPU, "0.07")), one(meter(GET, 5, cost=D(9)), meter(CPU, "0.05", cost=D(9))))
    result = route_of(report)

    assert (report.verdict, result.base_cost, result.head_cost, result.ratio) == (Verdict.FAIL, D("0.1"), D("0.12"), D("0.2"))
    assert report.summary == "fail: /a costs +20.0 % (limit +8.0 %)"
    assert [cause.text for cause in result.causes] == ["+20.0 ms CPU"]
    assert (result.quantity_effect, result.residual) == (D("0.02"), 0)


@pytest.mark.parametrize(
    ("here", "there", "cpu", "told"),
    [
        (HERE, HERE, "2", False),
        (HERE, ELSEWHERE, "2", True),
        (HERE, ELSEWHERE, "1", False),  # CPU is no part of the difference
        (HERE, None, "2", True),
        (None, None, "2", False),  # two files that say nothing about where they come from
    ],
)
def test_cpu_of_different_environments_is_compared_with_a_caveat(here: object, there: object, cpu: str, told: bool) -> None:
    report = compared(one(meter(CPU, cpu), environment=here), one(meter(CPU, 1), environment=there))

    assert ("not-comparable" in {caveat.kind for caveat in report.caveats}) is told
    assert "usage-grew" not in rules(report)


def test_routes_that_come_go_or_cost_nothing_are_said() -> None:
    base = snapshot({"/same": simple("1"), "/gone": simple("1"), "/zero": simple("0")})
    head = snapshot({"/same": simple("1"), "/new": simple("1"), "/zero": simple("1")})

    report = compared(head, base)

    assert {result.name: result.change for result in report.routes} == {
        "/same": Change.COMPARED,
        "/gone": Change.GONE,
        "/new": Change.NEW,
        "/zero": Change.ZERO_BASE,
    }
    assert rules(report) == ["gone-route", "new-route", "zero-base"]
    assert report.summary == "pass: 1 route within budget, 1 new, 1 gone, 1 without a base cost"


def test_several_broken_routes_are_counted_and_the_dearest_leads() -> None:
    base = snapshot({"/a": simple("1"), "/b": simple("1"), "/c": simple("1")})
    head = snapshot({"/a": simple("2"), "/b": simple("4"), "/c": simple("1")})

    report = compared(head, base)

    assert report.summary == "fail: /b costs +300.0 % (limit +8.0 %), and 1 more budget broken"
    assert [result.name for result in report.routes] == ["/b", "/a", "/c"]
    assert [finding.route for finding in report.findings] == ["/a", "/b"]


def test_a_varying_count_is_compared_plainly() -> None:
    report = compared(one(meter(GET, "1.1", sd=D(5), exact=False)), one(meter(GET, 1, sd=D(5), exact=False)))

    assert report.verdict is Verdict.FAIL
    assert route_of(report).ratio_low == route_of(report).ratio_high


def test_a_mixed_pair_is_compared_by_its_records() -> None:
    report = compared(snapshot({"/a": route(meter(GET, 1), cost_usd=D("0.02"))}), snapshot({"/a": simple("0.01", cpu_s="0.01")}))

    assert (report.verdict, route_of(report).ratio) == (Verdict.FAIL, 1)


def test_the_way_out_is_the_threshold_and_no_configuration() -> None:
    (broken,) = [finding for finding in compared(costs("2"), costs("1")).findings if finding.rule == "route-regression"]

    assert broken.fix == "take back the growth, or compare with a higher threshold"

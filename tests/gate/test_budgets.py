"""Absolute budgets, the month, and budgets that cannot be judged."""

import pytest
from gate_values import (
    BOOK,
    CPU,
    GET,
    MEMORY,
    QUERY,
    D,
    book,
    judged,
    meter,
    one,
    own,
    price,
    route,
    route_of,
    rules,
    simple,
    snapshot,
    usd,
)

from codeops.core.budget import Budget, RouteBudget
from codeops.core.errors import InvalidValue
from codeops.core.report import Verdict


@pytest.mark.parametrize(
    ("limit", "verdict"),
    [
        ("20", Verdict.PASS),  # 2 GETs are 2 cents, $20 for 1,000: exactly at the limit
        ("19.9999", Verdict.FAIL),
        ("20.0001", Verdict.PASS),
    ],
)
def test_a_budget_per_thousand_is_exact_for_counts(limit: str, verdict: Verdict) -> None:
    report = judged(one(meter(GET, 2)), one(meter(GET, 2)), Budget(per_1k=usd(limit)))
    budget = next(budget for budget in report.budgets if budget.kind == "per_1k")

    assert (budget.verdict, budget.value, budget.limit) == (verdict, 20, D(limit))
    assert route_of(report).verdict is verdict


def test_a_cost_beyond_its_budget_never_reads_as_being_at_it() -> None:
    report = judged(one(meter(GET, 2)), one(meter(GET, 2)), Budget(per_1k=usd("19.99999")))

    assert report.summary == "fail: /a costs $20.00000 for 1,000 requests (limit $19.99999)"


@pytest.mark.parametrize(
    ("limit", "verdict"),
    [
        ("116", Verdict.PASS),  # $100 of CPU for 1,000, and the level is sure within 16 %
        ("115.99", Verdict.INCONCLUSIVE),
        ("84", Verdict.INCONCLUSIVE),
        ("83.99", Verdict.FAIL),
    ],
)
@pytest.mark.parametrize("name", [CPU, MEMORY])
def test_a_level_is_judged_with_its_error(name: str, limit: str, verdict: Verdict) -> None:
    report = judged(one(meter(name, "0.1")), one(meter(name, "0.1")), own(per_1k=usd(limit)))

    assert report.verdict is verdict
    assert ("inconclusive" in rules(report)) is (verdict is Verdict.INCONCLUSIVE)
    if verdict is Verdict.INCONCLUSIVE:
        assert "but anything from $84.0000 to $116.0000 is possible" in report.summary


def test_a_varying_count_widens_the_level_too() -> None:
    def verdict(samples: int) -> Verdict:
        varying = meter(GET, 10, sd=D(5), exact=False, samples=samples)
        return judged(one(varying), None, own(per_1k=usd(102))).verdict

    assert verdict(5) is Verdict.INCONCLUSIVE
    assert verdict(1) is Verdict.INCONCLUSIVE
    assert verdict(1000) is Verdict.INCONCLUSIVE  # 100 ± 3
    assert verdict(10000) is Verdict.PASS  # 100 ± 1


def test_one_sample_of_a_varying_count_is_said_to_be_too_few() -> None:
    report = judged(one(meter(GET, 10, sd=D(5), exact=False, samples=1)), None, own(per_1k=usd(102)))

    assert "a count varies and has fewer than two samples" in report.summary


def test_a_varying_count_of_zero_is_zero() -> None:
    report = judged(one(meter(GET, 0, sd=D(1), exact=False), meter(GET, 1, labels={"b": "c"})), None, own(per_1k=usd(10)))

    assert report.verdict is Verdict.PASS


@pytest.mark.parametrize(("limit", "verdict"), [("0.005", Verdict.PASS), ("0.0049", Verdict.FAIL)])
def test_a_budget_per_unit_divides_by_the_declared_units(limit: str, verdict: Verdict) -> None:
    job = snapshot({"rollup": route(meter(GET, 100), kind="job", unit="record", units=D(200))})

    report = judged(job, job, own("rollup", per_unit=usd(limit)), {"rollup": 30})
    budget = next(budget for budget in report.budgets if budget.kind == "per_unit")

    assert (budget.verdict, budget.value) == (verdict, D("0.005"))
    assert budget.text.startswith("rollup costs $0.0050 for one record (limit ")
    if verdict is Verdict.FAIL:
        finding = report.findings[0]
        assert (finding.rule, finding.monthly) == ("unit-budget", D("0.0001") * 200 * 30)


def test_a_job_is_called_and_not_requested() -> None:
    job = snapshot({"rollup": route(meter(GET, 1), kind="job")})

    assert "for 1,000 calls" in judged(job, None, own("rollup", per_1k=usd(1))).summary


def test_a_budget_per_unit_without_units_is_inconclusive() -> None:
    report = judged(one(meter(GET, 1)), None, own(per_unit=usd(1)))

    assert report.summary == "inconclusive: /a declares no units, so its cost for one unit is not known"
    assert report.budgets[0].value is None


@pytest.mark.parametrize("kind", ["per_1k", "per_unit"])
def test_a_budget_on_what_has_no_price_is_inconclusive(kind: str) -> None:
    head = snapshot({"/a": route(meter(QUERY, 1), unit="record", units=D(1))})

    report = judged(head, None, own(**{kind: usd(1)}))

    assert report.verdict is Verdict.INCONCLUSIVE
    assert "uses nothing that has a price" in report.summary


def test_a_figure_that_leaves_a_meter_out_is_at_least_that() -> None:
    report = judged(one(meter(GET, 1), meter(QUERY, 1)), None, own(per_1k=usd(5)))

    assert report.summary == "fail: /a costs at least $10.0000 for 1,000 requests (limit $5.0000)"


def test_a_recorded_cost_is_judged_as_it_stands() -> None:
    assert judged(snapshot({"/a": simple("0.01")}), None, own(per_1k=usd(10))).verdict is Verdict.PASS


def test_what_is_above_an_absolute_limit_is_the_money_at_stake() -> None:
    report = judged(one(meter(GET, 2)), one(meter(GET, 2)), own(per_1k=usd(15)), {"/a": 1_000_000})

    assert [(finding.rule, finding.monthly) for finding in report.findings] == [("route-budget", D(5000))]
    assert 'raise per_1k in [budget.routes."/a"]' in report.findings[0].fix


@pytest.mark.parametrize(
    ("limit", "verdict"),
    [("100", Verdict.PASS), ("99.999", Verdict.FAIL)],  # 1 GET more at 10,000 requests is $100
)
def test_the_month_is_judged_over_all_routes(limit: str, verdict: Verdict) -> None:
    base = snapshot({"/a": route(meter(GET, 100)), "/b": route(meter(GET, 100))})
    head = snapshot({"/a": route(meter(GET, 102)), "/b": route(meter(GET, 99))})

    report = judged(head, base, Budget(monthly_increase=usd(limit)), {"/a": 10_000, "/b": 10_000})

    assert (report.verdict, report.monthly_delta) == (verdict, 100)
    if verdict is Verdict.FAIL:
        finding = report.findings[0]
        assert (finding.rule, finding.route, finding.monthly) == ("monthly-increase", "", 100)
        assert finding.message == "the suite costs +$100.000 a month (limit +$99.999)"
        assert finding.why == "/a adds most: +$200.00 a month (+2 S3 GETs)"


def test_a_cheaper_suite_is_said_to_be_so() -> None:
    report = judged(one(meter(GET, 1)), one(meter(GET, 2)), Budget(monthly_increase=usd(0)), {"/a": 100})

    assert report.summary == "pass: 1 route within budget, -$1.00 a month"
    assert "the suite costs -$1.00 a month (limit +$0.00)" in [budget.text for budget in report.budgets]


def test_a_monthly_budget_without_traffic_is_an_error_and_never_a_pass() -> None:
    with pytest.raises(InvalidValue) as caught:
        judged(one(meter(GET, 1)), one(meter(GET, 1)), Budget(monthly_increase=usd(1)))

    assert "[traffic]" in caught.value.fix


def test_a_month_in_which_no_route_has_traffic_is_inconclusive() -> None:
    report = judged(one(meter(GET, 1)), one(meter(GET, 1)), Budget(monthly_increase=usd(1)), {"/typo": 1})

    assert report.verdict is Verdict.INCONCLUSIVE
    assert report.monthly_delta is None
    assert {"inconclusive", "unknown-route"} == set(rules(report))


def test_routes_that_the_month_leaves_out_are_named() -> None:
    sides = snapshot({"/a": route(meter(GET, 1)), "/b": route(meter(GET, 1))})

    report = judged(sides, sides, Budget(monthly_increase=usd(1)), {"/a": 1})

    assert [caveat.kind for caveat in report.caveats] == ["no-traffic"]
    assert "/b" in report.caveats[0].text


def test_an_uncertain_month_is_inconclusive() -> None:
    head = snapshot({"/a": route(meter(GET, 1)), "/new": route(meter(CPU, 1))})

    report = judged(head, one(meter(GET, 1)), Budget(monthly_increase=usd(100)), {"/a": 0, "/new": 100})

    assert report.verdict is Verdict.INCONCLUSIVE
    assert "anything from $84.0000 to $116.0000 is possible" in report.summary


def test_what_is_gone_makes_no_room_in_the_month() -> None:
    base = snapshot({"/a": route(meter(GET, 100)), "/gone": route(meter(GET, 100))})

    report = judged(one(meter(GET, 105)), base, Budget(monthly_increase=usd(40)), {"/a": 1000, "/gone": 1000})

    assert report.verdict is Verdict.FAIL
    assert report.monthly_delta == D(50) - D(1000)
    assert next(budget for budget in report.budgets if budget.kind == "monthly_increase").value == 50


def test_the_routes_own_limits_go_before_the_suites() -> None:
    budget = Budget(regression=D("0.5"), per_1k=usd(1), routes={"/a": RouteBudget(per_1k=usd(100)), "/b": RouteBudget(regression=D(0))})
    base, head = (snapshot({name: route(meter(GET, mean)) for name in ("/a", "/b")}) for mean in ("5", "6"))

    report = judged(head, base, budget)

    assert [(one.route, one.kind, one.verdict.value) for one in report.budgets] == [
        ("/b", "regression", "fail"),
        ("/b", "per_1k", "fail"),
        ("/a", "regression", "pass"),
        ("/a", "per_1k", "pass"),
    ]


def test_another_currency_is_written_as_such() -> None:
    from codeops.core.money import Money

    euros = book(price(GET, "10", "1000 {request}", currency="EUR"), currency="EUR")

    report = judged(one(meter(GET, 2)), None, own(per_1k=Money(D(1), "EUR")), book=euros)

    assert report.currency == "EUR"
    assert report.summary == "fail: /a costs €20.0000 for 1,000 requests (limit €1.0000)"


def test_the_book_that_priced_is_named() -> None:
    assert judged(one(meter(GET, 2)), None).pricebook.version == BOOK.version

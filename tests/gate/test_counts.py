"""Counts: judged exactly at the limit, by Welch's interval where they vary, and by themselves where they have no price."""

from decimal import Decimal

import pytest
from gate_values import (
    BOOK,
    CPU,
    EGRESS,
    ELSEWHERE,
    GET,
    MEMORY,
    PUT,
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
    snapshot,
    usd,
)

from codeops.core.budget import Budget
from codeops.core.cost import Caveat
from codeops.core.finding import Severity
from codeops.core.report import Change, Verdict


@pytest.mark.parametrize(
    ("base", "head", "verdict"),
    [
        ("100", "108", Verdict.PASS),  # exactly at the tolerance
        ("100", "108.0000001", Verdict.FAIL),  # a hair beyond it
        ("100", "107.9999999", Verdict.PASS),
        ("100", "100", Verdict.PASS),
        ("100", "1", Verdict.PASS),
        ("1", "6", Verdict.FAIL),
    ],
)
def test_counts_are_compared_exactly(base: str, head: str, verdict: Verdict) -> None:
    report = judged(one(meter(GET, head)), one(meter(GET, base)))
    result = route_of(report)

    assert report.verdict is result.verdict is verdict
    assert result.ratio == result.ratio_low == result.ratio_high == Decimal(head) / Decimal(base) - 1
    assert result.limit == D("0.08")


@pytest.mark.parametrize("per", ["3 {request}", "7000 {request}"])  # quotients without an end in decimals
@pytest.mark.parametrize("base", ["1", "3", "7", "12345"])
def test_exactly_at_the_tolerance_passes_even_where_division_rounds(per: str, base: str) -> None:
    prices = book(price(GET, "0.0001", per))

    at = judged(one(meter(GET, D(base) * D("1.08"))), one(meter(GET, base)), book=prices)
    beyond = judged(one(meter(GET, D(base) * D("1.0800000001"))), one(meter(GET, base)), book=prices)

    assert at.verdict is Verdict.PASS
    assert route_of(at).ratio == D("0.08")
    assert beyond.verdict is Verdict.FAIL


def test_the_count_part_is_weighed_against_the_whole_base_cost() -> None:
    # Base: 1 GET = 1 cent and 0.09 s CPU = 9 cents. One GET more is 1 of 10 cents.
    base = one(meter(GET, 1), meter(CPU, "0.09"))

    report = judged(one(meter(GET, 2), meter(CPU, "0.09")), base)

    assert route_of(report).ratio == D("0.1")
    assert report.verdict is Verdict.FAIL
    assert judged(one(meter(GET, 2), meter(CPU, "0.09")), base, own(regression=D("0.10"))).verdict is Verdict.PASS


def test_cpu_of_another_machine_neither_fails_nor_saves_a_route() -> None:
    base = one(meter(GET, 10), meter(CPU, "0.1"))

    slow = judged(one(meter(GET, 10), meter(CPU, "0.4"), environment=ELSEWHERE), base)
    fast = judged(one(meter(GET, 12), meter(CPU, "0.01"), environment=ELSEWHERE), base)

    assert (slow.verdict, route_of(slow).ratio) == (Verdict.PASS, 0)
    assert (fast.verdict, route_of(fast).ratio) == (Verdict.FAIL, D("0.1"))
    assert [caveat.kind for caveat in slow.caveats] == ["not-comparable"]
    assert "cpu model is Intel Xeon, was AMD EPYC 7B13" in slow.caveats[0].text
    assert route_of(slow).notes == ("the change leaves out CPU and memory, which are not compared (+150.0 % of the cost)",)
    assert "usage-grew" not in rules(slow)
    assert not route_of(slow).causes


@pytest.mark.parametrize(("head", "warned"), [("0.132", True), ("0.131999", False), ("0.05", False)])
def test_a_stored_baseline_of_the_same_environment_warns_from_four_errors_of_its_level_on(head: str, warned: bool) -> None:
    report = judged(one(meter(CPU, head)), one(meter(CPU, "0.1")))

    assert report.verdict is Verdict.PASS
    assert ("usage-grew" in rules(report)) is warned
    assert not route_of(report).causes, "a hint is no cause"
    assert [caveat.kind for caveat in report.caveats] == ["stored-baseline"]
    assert route_of(report).meters[0].quantity_effect is None


@pytest.mark.parametrize(
    ("base_low", "head_low", "warned"),
    [("0.09", "0.0989", False), ("0.09", "0.0990", True), (None, "0.091", True), ("0.09", None, True)],
    ids=["a busy machine lifts the mean alone", "the code itself is slower", "an older baseline", "an older head"],
)
def test_a_busy_machine_is_no_warning(base_low: str | None, head_low: str | None, warned: bool) -> None:
    low = [None if value is None else D(value) for value in (base_low, head_low)]

    report = judged(one(meter(CPU, "0.14", low=low[1])), one(meter(CPU, "0.1", low=low[0])))

    assert ("usage-grew" in rules(report)) is warned


@pytest.mark.parametrize(
    ("gets", "warned"),
    [
        (10, True),  # memory is 0.1 of 0.2 dollars: 50 % more of it matters
        (1000, False),  # memory is 0.1 of 10.1 dollars: half of that is less than a hundredth
    ],
)
def test_growth_that_is_worth_next_to_nothing_is_no_warning(gets: int, warned: bool) -> None:
    report = judged(one(meter(GET, gets), meter(MEMORY, "0.15")), one(meter(GET, gets), meter(MEMORY, "0.1")))

    assert ("usage-grew" in rules(report)) is warned


@pytest.mark.parametrize(("head", "base"), [(None, None), (ELSEWHERE, None), (None, ELSEWHERE)])
def test_an_environment_that_is_not_recorded_does_not_compare(head: object, base: object) -> None:
    report = judged(one(meter(CPU, 2), environment=head), one(meter(CPU, 1), environment=base))

    assert "is not recorded" in report.caveats[0].text
    assert not report.findings


VARYING = {"exact": False, "samples": 30}


@pytest.mark.parametrize(
    ("head", "sd", "verdict"),
    [
        ("13", "0.5", Verdict.FAIL),  # 30 % ± 3.5 %
        ("10", "0.3", Verdict.PASS),  # 0 % ± 2 %
        ("10.8", "0.5", Verdict.INCONCLUSIVE),  # right at the limit, with noise
        ("13", "20", Verdict.INCONCLUSIVE),
    ],
)
def test_a_count_that_varies_is_judged_by_its_interval(head: str, sd: str, verdict: Verdict) -> None:
    report = judged(one(meter(GET, head, sd=D(sd), **VARYING)), one(meter(GET, 10, sd=D(sd), **VARYING)))
    result = route_of(report)

    assert report.verdict is verdict
    assert result.ratio_low < result.ratio < result.ratio_high
    assert [finding.severity for finding in report.findings if finding.rule == "count-unstable"] == [Severity.WARNING]
    assert not result.meters[0].exact
    assert result.meters[0].error > 0


def test_the_interval_of_a_varying_count_is_welchs_at_99_per_cent() -> None:
    # se = sqrt(2 · 0.25 / 30) = 0.129099, t(0.995, 58) = 2.663287, half width 0.343829 of 10.
    result = route_of(judged(one(meter(GET, 10, sd=D("0.5"), **VARYING)), one(meter(GET, 10, sd=D("0.5"), **VARYING))))

    assert float(result.ratio_high) == pytest.approx(0.0343829, abs=1e-6)


def test_more_varying_counts_in_the_run_widen_each_interval() -> None:
    def width(routes: int) -> Decimal:
        sides = [snapshot({f"/{n}": route(meter(GET, 10, sd=D("0.5"), **VARYING)) for n in range(routes)}) for _ in range(2)]
        return route_of(judged(*sides), "/0").ratio_high

    assert width(8) > width(1)


@pytest.mark.parametrize(
    ("usage", "need"),
    [
        ({"mean": "10.8", "sd": "0.5"}, "a limit other than the change itself"),
        ({"mean": "10.7", "sd": "0.5"}, "about "),
        ({"mean": "10.7", "sd": "0.5", "samples": 1}, "at least two samples on each side"),
    ],
)
def test_an_open_count_says_what_would_decide_it(usage: dict[str, str], need: str) -> None:
    head = meter(GET, usage["mean"], sd=D(usage["sd"]), exact=False, samples=int(usage.get("samples", 30)))

    report = judged(one(head), one(meter(GET, 10)))

    assert report.verdict is Verdict.INCONCLUSIVE
    assert f"it takes {need}" in report.budgets[0].text
    assert report.summary.startswith("inconclusive: /a changed ")
    assert rules(report) == ["count-unstable", "inconclusive"]
    assert any(need in note for note in route_of(report).notes)


def test_the_named_number_of_samples_is_enough() -> None:
    def report(samples: int) -> object:
        return judged(
            one(meter(GET, "10.6", sd=D(1), exact=False, samples=samples)), one(meter(GET, 10, sd=D(1), exact=False, samples=samples))
        )

    text = report(30).budgets[0].text  # type: ignore[attr-defined]
    needed = int(text.split("about ")[1].split()[0].replace(",", ""))

    assert report(needed).verdict is Verdict.PASS  # type: ignore[attr-defined]
    assert report(needed // 2).verdict is Verdict.INCONCLUSIVE  # type: ignore[attr-defined]


def test_a_count_that_varies_by_a_trifle_is_information() -> None:
    # Headers differ by a byte: 0.001 of a cent beside 10 cents of GETs.
    usage = (meter(GET, 10), meter(EGRESS, 1000, sd=D(1), **VARYING))

    report = judged(one(*usage), one(*usage))

    assert report.verdict is Verdict.PASS
    assert [(finding.rule, finding.severity) for finding in report.findings] == [("count-unstable", Severity.INFO)]


@pytest.mark.parametrize(
    "usage",
    [meter(GET, 5, exact=False), meter(GET, 5, exact=True, sd=D(1))],
    ids=["no spread was seen", "the snapshot claims that it repeats"],
)
def test_zero_spread_or_a_claim_of_exactness_means_exact_comparison(usage: object) -> None:
    report = judged(one(meter(GET, "5.5")), one(usage))  # type: ignore[arg-type]

    assert route_of(report).ratio_low == route_of(report).ratio_high == D("0.1")
    assert report.verdict is Verdict.FAIL


def test_growth_of_a_count_without_a_price_is_a_warning_and_the_figures_are_lower_bounds() -> None:
    report = judged(one(meter(GET, 5), meter(QUERY, 11)), one(meter(GET, 5), meter(QUERY, 10)))
    result = route_of(report)

    assert report.verdict is Verdict.PASS
    assert result.at_least
    assert [caveat.kind for caveat in result.caveats] == ["unpriced"]
    assert rules(report) == ["unpriced-usage-grew"]
    assert report.findings[0].message == "/a uses more db.query: 10 queries → 11 queries (+10.0 %)"
    assert [cause.text for cause in result.causes] == ["+1 query"]
    assert result.causes[0].cost is None


@pytest.mark.parametrize(("head", "warned"), [("10.8", False), ("10.80001", True)])
def test_unpriced_growth_is_told_beyond_the_tolerance_only(head: str, warned: bool) -> None:
    report = judged(one(meter(GET, 5), meter(QUERY, head)), one(meter(GET, 5), meter(QUERY, 10)))

    assert ("unpriced-usage-grew" in rules(report)) is warned


def test_unpriced_memory_is_left_out_of_everything_in_money() -> None:
    prices = book(price(GET, "10", "1000 {request}"))

    result = route_of(judged(one(meter(GET, 5), meter(MEMORY, 9)), one(meter(GET, 5), meter(MEMORY, 8.9)), book=prices))

    assert (result.ratio, result.residual, result.notes, result.at_least) == (0, 0, (), True)


def test_new_unpriced_usage_is_told() -> None:
    assert rules(judged(one(meter(GET, 5), meter(QUERY, 1)), one(meter(GET, 5)))) == ["unpriced-usage-grew"]


def test_a_route_without_any_price_is_inconclusive_and_never_zero() -> None:
    report = judged(one(meter(QUERY, 2)), one(meter(QUERY, 1)))
    result = route_of(report)

    assert (result.base_cost, result.head_cost, result.ratio, result.delta) == (None, None, None, None)
    assert report.summary == "inconclusive: /a has no cost to compare; it takes a price for one of its meters"


def test_equal_usage_costs_the_same_at_any_price() -> None:
    report = judged(one(meter(QUERY, 2)), one(meter(QUERY, 2)))

    assert (report.verdict, route_of(report).ratio, route_of(report).head_cost) == (Verdict.PASS, 0, None)


def test_a_meter_that_lost_its_price_under_other_labels_is_no_saving() -> None:
    prices = book(price(GET, "10", "1000 {request}"), price(PUT, "10", "1000 {request}", {"region": "here"}))
    usage = (meter(GET, 1), meter(PUT, 9))

    report = judged(one(*usage, labels={"region": "there"}), one(*usage, labels={"region": "here"}), book=prices)

    assert route_of(report).ratio == 0
    assert route_of(report).at_least


def test_other_labels_price_the_same_usage_otherwise_and_that_counts() -> None:
    prices = book(price(CPU, "3600", "vCPU.h", {"pricing_tier": "spot"}), price(CPU, "7200", "vCPU.h", {"pricing_tier": "on-demand"}))

    report = judged(
        one(meter(CPU, 1), labels={"pricing_tier": "on-demand"}), one(meter(CPU, 1), labels={"pricing_tier": "spot"}), book=prices
    )
    result = route_of(report)

    assert (report.verdict, result.ratio) == (Verdict.FAIL, 1)
    assert (result.quantity_effect, result.price_effect, result.residual) == (0, 0, 1)


def test_usage_listed_twice_is_added_up() -> None:
    base = one(meter(GET, 5, cost=D("0.05")))

    report = judged(one(meter(GET, 2, cost=D("0.02")), meter(GET, 4)), base)
    varying = judged(one(meter(GET, 2, sd=D(3), **VARYING), meter(GET, 4, sd=D(4), **VARYING)), base)

    assert route_of(report).head_cost == D("0.06")
    assert route_of(report).ratio == D("0.2")
    assert "± 5 requests" in next(finding.why for finding in varying.findings if finding.rule == "count-unstable")


def test_the_same_meter_under_other_labels_is_another_line() -> None:
    one_model, other_model = meter(GET, 5, labels={"bucket": "a"}), meter(GET, 5, labels={"bucket": "b"})

    report = judged(one(one_model, other_model), one(one_model))

    assert [line.labels for line in route_of(report).meters] == [{"bucket": "b"}, {"bucket": "a"}]
    assert route_of(report).ratio == 1


def test_suspicious_prices_are_told_in_the_report() -> None:
    caveat = Caveat("suspicious-price", GET, "0.0004 per request is what others charge for 1,000")
    prices = book(*BOOK.prices, caveats=[caveat])

    assert caveat in judged(one(meter(GET, 1)), one(meter(GET, 1)), book=prices).caveats


def test_a_limit_of_zero_lets_nothing_grow() -> None:
    report = judged(one(meter(GET, 10001)), one(meter(GET, 10000)), Budget(regression=D(0)))

    assert report.verdict is Verdict.FAIL
    assert report.summary == "fail: /a costs +0.01 % (limit +0.00 %)"


def test_an_unchanged_route_is_compared() -> None:
    assert route_of(judged(one(meter(GET, 1)), one(meter(GET, 1)))).change is Change.COMPARED


def test_a_budget_in_another_currency_is_an_error() -> None:
    from codeops.core.errors import CurrencyMismatch
    from codeops.core.money import Money

    with pytest.raises(CurrencyMismatch):
        judged(one(meter(GET, 1)), one(meter(GET, 1)), own(per_1k=Money(D(1), "EUR")))
    assert judged(one(meter(GET, 1)), one(meter(GET, 1)), own(per_1k=usd(11))).verdict is Verdict.PASS

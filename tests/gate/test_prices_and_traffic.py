"""Prices and traffic apart from usage: judged is usage, and the three add up to the whole change of a month."""

from dataclasses import replace
from decimal import Decimal, localcontext

import pytest
from gate_values import BOOK, CPU, EGRESS, GET, QUERY, D, book, judged, meter, one, own, price, route, route_of, snapshot, usd
from hypothesis import given
from hypothesis import strategies as st

from codeops.core.budget import Budget
from codeops.core.pricebook import PriceBook
from codeops.core.report import Verdict
from codeops.core.snapshot import PriceBookRef, Snapshot
from codeops.gate.case import ARITHMETIC


def earlier(*prices: object, **more: object) -> PriceBook:
    return replace(book(*prices, version="2026-10", **more), digest="sha256:0")  # type: ignore[arg-type]


HALF_PRICE = earlier(price(GET, "5", "1000 {request}"), price(CPU, "3600", "vCPU.h"))


def test_the_base_is_judged_at_the_prices_of_the_head() -> None:
    report = judged(one(meter(GET, 11)), one(meter(GET, 10)), own(regression=D("0.1")), {"/a": 1000}, base_book=HALF_PRICE)
    result = route_of(report)

    assert (report.verdict, result.ratio) == (Verdict.PASS, D("0.1"))
    assert (result.quantity_effect, result.price_effect, result.residual) == (D("0.01"), D("0.05"), 0)
    assert result.notes == ("prices changed: the same usage was $50.0000 per 1,000 at the base's price book and is $100.0000 now",)
    assert (report.monthly_delta, report.monthly_price_effect, report.monthly_traffic_effect) == (D(10), D(50), None)


def test_both_price_books_are_named() -> None:
    report = judged(one(meter(GET, 1)), one(meter(GET, 1)), base_book=HALF_PRICE)
    (caveat,) = report.caveats

    assert (report.head.pricebook, report.base.pricebook) == (
        PriceBookRef(version="2026-11", digest="sha256:1"),
        PriceBookRef(version="2026-10", digest="sha256:0"),
    )
    assert (caveat.kind, caveat.about) == ("prices-differ", "")
    assert caveat.text == (
        "the base has price book 2026-10 (sha256:0), the head 2026-11 (sha256:1): both are judged at the head's, and prices fail nothing"
    )


def test_the_same_price_book_is_nothing_to_tell() -> None:
    report = judged(one(meter(GET, 1)), one(meter(GET, 1)), base_book=BOOK)

    assert (report.caveats, report.monthly_price_effect) == ((), None)
    assert report.base.pricebook == PriceBookRef(version="2026-10"), "what the snapshot says of itself"


def test_what_the_base_has_no_price_for_has_no_price_effect() -> None:
    report = judged(one(meter(GET, 1), meter(EGRESS, 5)), one(meter(GET, 1), meter(EGRESS, 5)), base_book=HALF_PRICE)

    assert {line.meter: line.price_effect for line in route_of(report).meters} == {GET: D("0.005"), EGRESS: None}
    assert report.caveats[0].text.endswith("; the base's has no price for network.egress")


def test_prices_in_another_currency_are_no_effect() -> None:
    euro = earlier(price(GET, "5", "1000 {request}", currency="EUR"), currency="EUR")

    report = judged(one(meter(GET, 1)), one(meter(GET, 1)), traffic={"/a": 1}, base_book=euro)

    assert report.monthly_price_effect is None
    assert report.caveats[0].text.endswith("; what they change is not known, because the base's are in EUR")


def test_more_traffic_is_told_apart_and_breaks_no_budget() -> None:
    budget = Budget(monthly_increase=usd(1))

    report = judged(one(meter(GET, 1)), one(meter(GET, 1)), budget, {"/a": 5000}, base_traffic={"/a": 2000})

    assert (report.verdict, report.monthly_delta, report.monthly_traffic_effect) == (Verdict.PASS, 0, D(30))
    assert route_of(report).base_requests_per_month == 2000
    assert route_of(report).notes == ("traffic changed: 2,000 requests a month before, 5,000 now, +$30.00 a month",)


@pytest.mark.parametrize(("traffic", "before"), [({}, {"/a": 2}), ({"/a": 2}, {}), ({"/a": 2}, None)])
def test_traffic_that_one_side_does_not_know_has_no_effect(traffic: dict[str, int], before: dict[str, int] | None) -> None:
    report = judged(one(meter(GET, 1)), one(meter(GET, 1)), traffic=traffic, base_traffic=before)

    assert (route_of(report).traffic_effect, report.monthly_traffic_effect) == (None, None)


def test_a_new_route_has_no_earlier_traffic() -> None:
    assert route_of(judged(one(meter(GET, 1)), snapshot({}), traffic={"/a": 2}, base_traffic={"/a": 1})).traffic_effect is None


AMOUNTS = st.decimals("0", "1000", places=3)
RATES = st.decimals("0.001", "100", places=3)
SIDES = st.builds(
    lambda gets, sent, cpu, queries: snapshot({"/a": route(meter(GET, gets), meter(EGRESS, sent), meter(CPU, cpu), meter(QUERY, queries))}),
    *[AMOUNTS] * 4,
)
BOOKS = st.builds(
    lambda gets, sent, cpu: (price(GET, str(gets), "1000 {request}"), price(EGRESS, str(sent), "MB"), price(CPU, str(cpu), "vCPU.h")),
    *[RATES] * 3,
)
REQUESTS = st.integers(1, 10**9)


@given(SIDES, SIDES, BOOKS, BOOKS, REQUESTS, REQUESTS)
def test_usage_prices_traffic_and_the_rest_add_up_to_the_change_of_the_month(
    head: Snapshot, base: Snapshot, now: tuple[object, ...], then: tuple[object, ...], requests: int, before: int
) -> None:
    new, old = book(*now), earlier(*then)  # type: ignore[arg-type]
    traffic = {"/a": requests}
    result = route_of(judged(head, base, traffic=traffic, book=new, base_book=old, base_traffic={"/a": before}))
    own_cost = route_of(judged(base, base, book=old)).head_cost

    with localcontext(ARITHMETIC):
        parts = result.quantity_effect + result.price_effect + result.residual
        whole = result.head_cost * requests - own_cost * before
        assert isinstance(whole, Decimal)
        assert parts * requests + result.traffic_effect == whole

"""Valuation: each usage priced, costs added up, and what has no price never a zero."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeops.core.errors import UnitMismatch
from codeops.core.money import Quantity
from codeops.core.price import Price, Tier
from codeops.core.pricebook import PriceBook
from codeops.core.selector import Selector
from codeops.core.snapshot import MeterUsage, PriceBookRef, RouteUsage, Snapshot, SnapshotMeta
from codeops.core.valuation import reference, value_meter, value_route, value_snapshot

AT = date(2026, 11, 20)


def price(meter: str, amount: str, per: str, region: str = "", currency: str = "USD") -> Price:
    when = Selector.of({"region": region}) if region else Selector()
    return Price(meter=meter, per=Quantity.parse(per), tiers=(Tier(Decimal(amount)),), currency=currency, when=when)


BOOK = PriceBook(
    version="7",
    currency="USD",
    digest="sha256:ab",
    prices=(price("aws.s3.get", "0.0004", "1000 {request}"), price("aws.s3.put", "0.005", "1000 {request}", "us-east-1")),
)
EUROS = PriceBook(version="7", currency="EUR", prices=(price("aws.s3.get", "0.0004", "1000 {request}", currency="EUR"),))


def get(mean: str, **more: object) -> MeterUsage:
    return MeterUsage(**{"meter": "aws.s3.get", "unit": "{request}", "mean": Decimal(mean), **more})  # type: ignore[arg-type]


def test_a_meter_is_priced_with_the_snapshots_labels_and_its_own_before_them() -> None:
    put = MeterUsage(meter="aws.s3.put", unit="{request}", mean=Decimal(2), labels={"region": "us-east-1"})

    assert value_meter(put, BOOK, {"region": "elsewhere"}, AT).total.amount == Decimal("0.00001")
    assert value_meter(put, BOOK, {}, AT).unpriced == ()


def test_a_route_holds_the_cost_of_each_meter_and_their_sum() -> None:
    route = RouteUsage(usage=(get("5"), MeterUsage(meter="db.query", unit="{query}", mean=Decimal(1))), samples=20)

    valued = value_route(route, BOOK, {}, AT)

    assert [usage.cost for usage in valued.usage] == [Decimal("0.000002"), None]
    assert (valued.cost_usd, valued.cost) == (Decimal("0.000002"), None)
    assert valued.samples == 20


def test_stored_costs_are_short_enough_for_a_diff() -> None:
    third = PriceBook(version="7", currency="USD", prices=(price("aws.s3.get", "1", "3 {request}"),))

    valued = value_route(RouteUsage(usage=(get("1"),)), third, {}, AT)

    assert valued.usage[0].cost == valued.cost_usd == Decimal("0.33333333")


def test_an_upper_bound_is_said_to_be_one() -> None:
    cost = value_meter(get("5", allocated=True), BOOK, {}, AT)

    assert [caveat.kind for caveat in cost.caveats] == ["allocated"]


def test_a_route_of_which_nothing_has_a_price_costs_an_unknown_amount_and_not_zero() -> None:
    route = RouteUsage(usage=(MeterUsage(meter="db.query", unit="{query}", mean=Decimal(1)),))

    valued = value_route(route, BOOK, {}, AT)

    assert valued.recorded_cost is None


def test_a_cost_in_another_currency_is_not_called_dollars() -> None:
    valued = value_route(RouteUsage(usage=(get("5"),)), EUROS, {}, AT)

    assert (valued.cost_usd, valued.cost) == (None, Decimal("0.000002"))


def test_the_simple_form_keeps_what_it_recorded() -> None:
    simple = RouteUsage(cost_usd=Decimal("0.01"), s3_gets=Decimal(5))

    assert value_route(simple, BOOK, {}, AT) is simple


def test_a_snapshot_is_priced_route_by_route_and_names_its_price_book() -> None:
    snapshot = Snapshot(
        meta=SnapshotMeta(labels={"team": "a"}), routes={"/a": RouteUsage(usage=(get("1"),)), "/b": RouteUsage(usage=(get("2"),))}
    )

    priced = value_snapshot(snapshot, BOOK, AT)

    assert {name: route.cost_usd for name, route in priced.routes.items()} == {"/a": Decimal("4E-7"), "/b": Decimal("8E-7")}
    assert priced.meta.pricebook == reference(BOOK) == PriceBookRef(version="7", digest="sha256:ab", currency="USD")
    assert priced.meta.labels == {"team": "a"}


def test_a_unit_that_does_not_fit_the_price_is_an_error() -> None:
    with pytest.raises(UnitMismatch, match=r"^aws.s3.get is counted in By, and its price is per ") as caught:
        value_meter(get("1", unit="By"), BOOK, {}, AT)

    assert 'codeops.record("aws.s3.get", …, unit="{request}")' in caught.value.fix


@given(st.decimals("0", "1e9", places=3), st.decimals("0", "1e9", places=3))
def test_cost_is_additive_in_usage(one: Decimal, other: Decimal) -> None:
    first, second, both = (value_meter(get(str(mean)), BOOK, {}, AT).total for mean in (one, other, one + other))

    assert first + second == both

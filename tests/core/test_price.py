from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeops.core.errors import InvalidPrice, UnitMismatch
from codeops.core.location import Location
from codeops.core.money import Money, Quantity
from codeops.core.price import Multiplier, Price, Tier
from codeops.core.selector import Selector
from codeops.core.unit import Unit

GIB_MONTH = Unit.parse("GiB.mo")
AT = date(2026, 11, 1)
# S3 Standard storage in us-east-1, https://aws.amazon.com/s3/pricing/, read 2026-08-14.
STORAGE = (Tier(Decimal("0.023"), Decimal(51200)), Tier(Decimal("0.022"), Decimal(512000)), Tier(Decimal("0.021")))
sizes = st.decimals(min_value=0, max_value=10**7, places=3)


def price(*tiers: Tier, per: str = "GiB.mo", **more: object) -> Price:
    return Price(meter="aws.s3.storage", per=Quantity.parse(per), tiers=tiers or (Tier(Decimal("0.023")),), currency="USD", **more)


def gib_months(amount: str | Decimal) -> Quantity:
    return Quantity(Decimal(amount), GIB_MONTH)


@pytest.mark.parametrize(
    ("stored", "already", "cost"),
    [
        ("0", "0", "0"),
        ("51200", "0", "1177.6"),  # exactly the first tier
        ("51201", "0", "1177.622"),  # one GiB into the second
        ("512000", "0", "11315.2"),  # exactly two tiers
        ("600000", "0", "13163.2"),  # all three
        ("1", "51200", "0.022"),  # the first tier is used up
        ("2", "51199", "0.045"),  # one GiB in each of two tiers
        ("1", "600000", "0.021"),
    ],
)
def test_tiers_are_marginal(stored: str, already: str, cost: str) -> None:
    assert price(*STORAGE).cost(gib_months(stored), gib_months(already)) == Money(Decimal(cost), "USD")


def test_the_rate_is_that_of_the_first_unit() -> None:
    assert str(price(*STORAGE).rate) == "0.023 USD per GiB.mo"


def test_tiers_count_in_the_unit_of_per_whatever_usage_is_counted_in() -> None:
    hours = Quantity(Decimal(51201) * 730, Unit.parse("GiB.h"))

    assert price(*STORAGE).cost(hours) == Money(Decimal("1177.622"), "USD")


@pytest.mark.parametrize("tiers", [STORAGE, STORAGE[2:]])
def test_a_price_refuses_what_it_does_not_measure(tiers: tuple[Tier, ...]) -> None:
    with pytest.raises(UnitMismatch):
        price(*tiers).cost(Quantity.parse("{request}"))


@given(sizes, sizes)
def test_a_month_costs_the_same_bought_in_one_or_in_two(one: Decimal, other: Decimal) -> None:
    tiered = price(*STORAGE)

    apart = tiered.cost(gib_months(one)) + tiered.cost(gib_months(other), already=gib_months(one))

    assert apart == tiered.cost(gib_months(one + other))


@given(sizes, sizes)
def test_more_never_costs_less(one: Decimal, other: Decimal) -> None:
    low, high = sorted([one, other])

    assert price(*STORAGE).cost(gib_months(low)) <= price(*STORAGE).cost(gib_months(high))


@given(st.sampled_from([Decimal(51200), Decimal(512000)]), st.decimals(min_value="0.001", max_value=1, places=3))
def test_a_tier_begins_without_a_jump(bound: Decimal, step: Decimal) -> None:
    below, above = (price(*STORAGE).cost(gib_months(amount)).amount for amount in (bound - step, bound + step))

    assert 0 < above - below <= 2 * step * Decimal("0.023")


@pytest.mark.parametrize("amount", ["-0.01", "NaN", "Infinity", "sNaN", "1e15", "1e999999"])
def test_a_price_that_no_bill_contains_is_refused(amount: str) -> None:
    with pytest.raises(InvalidPrice) as caught:
        price(Tier(Decimal(amount)), origin=Location("book.toml", 7))

    assert caught.value.location == Location("book.toml", 7)


def test_a_free_meter_has_the_price_zero() -> None:
    assert price(Tier(Decimal(0))).cost(gib_months("5")) == Money(Decimal(0), "USD")


@pytest.mark.parametrize(
    "bounds",
    [
        (),
        ("5",),
        (None, "5"),
        ("5", "5", None),
        ("6", "5", None),
        ("0", None),
        ("-1", None),
        ("NaN", None),
        ("Infinity", None),
        (None, None),
    ],
)
def test_tiers_must_rise_to_one_without_end(bounds: tuple[str | None, ...]) -> None:
    tiers = tuple(Tier(Decimal(1), None if bound is None else Decimal(bound)) for bound in bounds)

    with pytest.raises(InvalidPrice, match="out of order"):
        Price(meter="aws.s3.storage", per=Quantity.parse("GiB.mo"), tiers=tiers, currency="USD")


@pytest.mark.parametrize("until", ["2026-01-01", "2025-12-31"])
def test_a_price_that_never_holds_is_refused(until: str) -> None:
    with pytest.raises(InvalidPrice, match="never valid"):
        price(valid_from=date(2026, 1, 1), valid_to=date.fromisoformat(until))
    with pytest.raises(InvalidPrice, match="never valid"):
        Multiplier(name="x", factor=Decimal(1), valid_from=date(2026, 1, 1), valid_to=date.fromisoformat(until))


@pytest.mark.parametrize(
    ("at", "reason"),
    [
        (date(2025, 12, 31), "valid from 2026-01-01, later than 2025-12-31"),
        (date(2026, 1, 1), None),  # the first day belongs to it
        (date(2026, 5, 31), None),
        (date(2026, 6, 1), "valid until 2026-06-01, not on 2026-06-01"),  # valid_to does not
    ],
)
def test_a_price_holds_from_its_first_day_until_before_its_end(at: date, reason: str | None) -> None:
    assert price(valid_from=date(2026, 1, 1), valid_to=date(2026, 6, 1)).mismatch({}, at) == reason


def test_an_assumed_label_is_named_when_it_decided() -> None:
    entry = price(when=Selector.of({"region": "us-east-1"}), assume=(("region", "us-east-1"), ("tier", "standard")))

    assert entry.assumed({}) == {"region": "us-east-1"}
    assert entry.assumed({"region": "us-east-1"}) == {}
    assert entry.mismatch({}, AT) is None


@pytest.mark.parametrize(
    ("other", "overlap"),
    [
        ({}, True),
        ({"valid_from": date(2026, 6, 1)}, False),  # begins when the first ends
        ({"valid_from": date(2026, 5, 31)}, True),
        ({"valid_to": date(2026, 1, 1)}, False),
        ({"when": Selector.of({"region": "x"})}, False),
        ({"layer": 1}, False),
    ],
)
def test_prices_overlap_when_they_hold_for_the_same_on_one_day(other: dict[str, object], overlap: bool) -> None:
    first = price(valid_from=date(2026, 1, 1), valid_to=date(2026, 6, 1))

    assert first.overlaps(price(**other)) is overlap
    assert price(**other).overlaps(first) is overlap


@pytest.mark.parametrize("factor", ["0", "-1", "NaN", "Infinity", "1e15"])
def test_a_factor_that_is_no_factor_is_refused(factor: str) -> None:
    with pytest.raises(InvalidPrice, match="multiplier 'overhead'"):
        Multiplier(name="overhead", factor=Decimal(factor))


@pytest.mark.parametrize(
    ("meter", "labels", "at", "applies"),
    [
        ("compute.cpu", {"pool": "batch"}, AT, True),
        ("compute.memory", {"pool": "batch"}, AT, True),
        ("aws.s3.get", {"pool": "batch"}, AT, False),
        ("compute.cpu", {}, AT, False),
        ("compute.cpu", {"pool": "batch"}, date(2026, 10, 31), False),
        ("compute.cpu", {"pool": "batch"}, date(2027, 1, 1), False),
    ],
)
def test_a_multiplier_applies_by_meter_labels_and_date(meter: str, labels: dict[str, str], at: date, applies: bool) -> None:
    multiplier = Multiplier(
        name="overhead",
        factor=Decimal("1.08"),
        meters=("compute.*",),
        when=Selector.of({"pool": "batch"}),
        valid_from=date(2026, 11, 1),
        valid_to=date(2027, 1, 1),
    )

    assert multiplier.applies(meter, labels, at) is applies

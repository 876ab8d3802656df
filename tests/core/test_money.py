from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeops.core.errors import CurrencyMismatch, InvalidValue, UnitMismatch, UnknownUnit
from codeops.core.money import Money, Quantity, Rate
from codeops.core.unit import Unit

amounts = st.decimals(min_value=-(10**12), max_value=10**12, places=9)
sizes = st.decimals(min_value=0, max_value=10**12, places=6)
TIMES = st.sampled_from(["vCPU.s", "vCPU.min", "vCPU.h", "d.vCPU", "vCPU.mo"])


def usd(text: str | Decimal) -> Money:
    return Money(Decimal(text), "USD")


def test_money_of_one_currency_adds_subtracts_scales_and_compares() -> None:
    assert usd("1.10") + usd("2.20") == usd("3.30")
    assert usd("1") - usd("3") == -usd("2")
    assert usd("0.1") * 3 == usd("0.3")
    assert usd("0.1") * Decimal("0.5") == usd("0.05")
    assert usd("1") < usd("2") <= usd("2")


@pytest.mark.parametrize("operation", ["__add__", "__sub__", "__lt__", "__le__"])
def test_two_currencies_never_meet(operation: str) -> None:
    with pytest.raises(CurrencyMismatch, match="USD and EUR"):
        getattr(usd("1"), operation)(Money(Decimal(1), "EUR"))


@given(st.lists(amounts, max_size=8).flatmap(lambda values: st.tuples(st.just(values), st.permutations(values))))
def test_a_sum_does_not_depend_on_the_order(pair: tuple[list[Decimal], list[Decimal]]) -> None:
    one, other = (sum(map(usd, values), usd("0")) for values in pair)

    assert one == other


@pytest.mark.parametrize(
    ("text", "amount", "unit"),
    [
        ("1000 {request}", "1000", "{request}"),
        ("1000000 {token}", "1000000", "{token}"),
        ("1_000 {request}", "1000", "{request}"),
        ("GiB", "1", "GiB"),
        ("  0.5   GiB.mo ", "0.5", "GiB.mo"),
        ("1e6 {token}", "1000000", "{token}"),
        ("10 kB", "10", "kB"),
    ],
)
def test_a_quantity_is_an_optional_amount_and_a_unit(text: str, amount: str, unit: str) -> None:
    assert Quantity.parse(text) == Quantity(Decimal(amount), Unit.parse(unit))


@pytest.mark.parametrize("text", ["0 GiB", "-1 GiB", "1e99 GiB", "1.2.3 GiB", "1e-99 GiB"])
def test_an_amount_that_is_no_positive_number_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue):
        Quantity.parse(text)


@pytest.mark.parametrize("text", ["", "5", "NaN GiB", "GiB mo", "1000 request", "eggs"])
def test_a_text_without_a_unit_is_refused(text: str) -> None:
    with pytest.raises(UnknownUnit):
        Quantity.parse(text)


def test_quantities_of_one_kind_add_in_the_unit_of_the_first() -> None:
    hour, minute = Quantity.parse("h"), Quantity.parse("30 min")

    assert hour + minute == Quantity(Decimal("1.5"), Unit.parse("h"))
    assert hour - minute == Quantity(Decimal("0.5"), Unit.parse("h"))
    assert minute * 2 == Quantity(Decimal(60), Unit.parse("min"))
    assert hour.to(Unit.parse("s")).amount == 3600


def test_quantities_of_two_kinds_do_not_add() -> None:
    with pytest.raises(UnitMismatch):
        Quantity.parse("h") + Quantity.parse("GiB")


@pytest.mark.parametrize(
    ("text", "shown"), [("1000 {request}", "1000 {request}"), ("GiB", "GiB"), ("0.50 h", "0.5 h"), ("1e3 h", "1000 h")]
)
def test_a_quantity_reads_as_it_is_written(text: str, shown: str) -> None:
    assert str(Quantity.parse(text)) == shown


def test_a_rate_per_thousand_is_not_a_rate_per_one() -> None:
    rate = Rate(usd("0.0004"), Quantity.parse("1000 {request}"))

    assert rate.cost(Quantity.parse("10000000 {request}")) == usd("4")
    assert str(rate) == "0.0004 USD per 1000 {request}"


def test_a_rate_refuses_what_it_does_not_measure() -> None:
    with pytest.raises(UnitMismatch):
        Rate(usd("0.035"), Quantity.parse("vCPU.h")).cost(Quantity.parse("GiB"))


@given(amounts, sizes, TIMES, TIMES)
def test_a_rate_times_a_quantity_conserves_units(price: Decimal, size: Decimal, per: str, unit: str) -> None:
    rate = Rate(usd(price), Quantity.parse(per))
    quantity = Quantity(size, Unit.parse(unit))

    direct, converted = rate.cost(quantity).amount, rate.cost(quantity.to(Unit.parse("vCPU.s"))).amount

    assert abs(direct - converted) <= abs(direct) * Decimal("1e-40")


@given(amounts, sizes, sizes)
def test_the_cost_of_a_sum_is_the_sum_of_the_costs(price: Decimal, one: Decimal, other: Decimal) -> None:
    rate = Rate(usd(price), Quantity.parse("1000 {request}"))
    unit = Unit.parse("{request}")

    apart = rate.cost(Quantity(one, unit)) + rate.cost(Quantity(other, unit))
    together = rate.cost(Quantity(one, unit) + Quantity(other, unit))

    assert apart == together

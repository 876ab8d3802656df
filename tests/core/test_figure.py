from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeops.core import figure

positive = st.decimals(min_value="1e-40", max_value="1e30", allow_nan=False)


@pytest.mark.parametrize(
    ("value", "currency", "digits", "signed", "shown"),
    [
        ("0", "USD", 2, False, "$0.00"),
        ("0", "USD", 2, True, "+$0.00"),
        ("1234567.891", "USD", 2, False, "$1,234,567.89"),
        ("4000", "USD", 0, False, "$4,000"),
        ("0.005", "USD", 2, False, "$0.005"),  # would round to zero, to even
        ("0.0051", "USD", 2, False, "$0.01"),
        ("0.0000004", "USD", 2, False, "$0.0000004"),
        ("0.00001234", "USD", 2, False, "$0.000012"),
        ("-0.001", "EUR", 2, True, "-€0.001"),
        ("3", "GBP", 2, True, "+£3.00"),
        ("3", "CHF", 2, False, "CHF 3.00"),
    ],
)
def test_money_is_shown_with_as_many_decimals_as_it_takes(value: str, currency: str, digits: int, signed: bool, shown: str) -> None:
    assert figure.money(Decimal(value), currency, digits=digits, signed=signed) == shown


@given(positive)
def test_what_is_not_zero_never_reads_as_zero(value: Decimal) -> None:
    for text in (
        figure.money(value),
        figure.ratio(value),
        figure.per_thousand(value),
        figure.amount(value, "h"),
        figure.amount(value, "vCPU.s"),
    ):
        assert set(text) & set("123456789"), text


@pytest.mark.parametrize(
    ("value", "signed", "shown"),
    [
        ("0", True, "0.0 %"),
        ("0.08", True, "+8.0 %"),
        ("-0.08", True, "-8.0 %"),
        ("0.08", False, "8.0 %"),
        ("-0.08", False, "-8.0 %"),
        ("12.5", True, "+1,250.0 %"),
        ("0.0001", True, "+0.01 %"),
        ("0.0000012", True, "+0.00012 %"),
    ],
)
def test_a_ratio_is_shown_in_percent(value: str, signed: bool, shown: str) -> None:
    assert figure.ratio(Decimal(value), signed=signed) == shown


@pytest.mark.parametrize(
    ("value", "limit", "shown"),
    [
        ("0.0801", "0.08", ("+8.01 %", "+8.00 %")),
        ("0.08", "0.08", ("+8.0 %", "+8.0 %")),
        ("0.5", "0.08", ("+50.0 %", "+8.0 %")),
        ("0.08000000000000001", "0.08", ("+8.000000000000 %", "+8.000000000000 %")),  # past twelve decimals nobody looks
    ],
)
def test_what_is_beyond_a_limit_is_not_shown_as_being_at_it(value: str, limit: str, shown: tuple[str, str]) -> None:
    assert figure.unlike(Decimal(value), Decimal(limit)) == shown


@pytest.mark.parametrize(
    ("value", "unit", "signed", "shown"),
    [
        ("0.0042", "vCPU.s", False, "4.20 ms CPU"),
        ("0.0000042", "vCPU.s", False, "4.20 µs CPU"),
        ("0.0000000042", "vCPU.s", False, "0.00420 µs CPU"),  # smaller than the smallest step
        ("1.5", "s", True, "+1.50 s"),
        ("-2048", "By", False, "-2.05 kB"),
        ("0", "By", False, "0 B"),
        ("1500000000", "By", False, "1.50 GB"),
        ("1", "{request}", False, "1 request"),
        ("5", "{request}", True, "+5 requests"),
        ("2.5", "{query}", False, "2.50 queries"),
        ("1", "{query}", False, "1 query"),
        ("0.25", "GiB.s", False, "256 MiB.s"),
        ("12345", "GiB.s", False, "12,345 GiB.s"),
    ],
)
def test_an_amount_is_shown_in_the_size_that_people_read(value: str, unit: str, signed: bool, shown: str) -> None:
    assert figure.amount(Decimal(value), unit, signed=signed) == shown

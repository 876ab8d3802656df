"""Wording: no figure reads as zero that is not, and none as being at its limit that is beyond it."""

from decimal import Decimal

import pytest
from gate_values import D
from hypothesis import given
from hypothesis import strategies as st

from codeops.gate.interval import Interval
from codeops.gate.wording import against, between, unlike_money


@pytest.mark.parametrize(
    ("value", "limit", "texts"),
    [
        ("3.12", "0.08", ("+312.0 %", "+8.0 %")),
        ("0.08", "0.08", ("+8.0 %", "+8.0 %")),
        ("0.08004", "0.08", ("+8.004 %", "+8.000 %")),
        ("0.07996", "0.08", ("+7.996 %", "+8.000 %")),  # nearly at it
        ("0.00001", "0.08", ("+0.001 %", "+8.0 %")),
        ("-0.00001", "0.08", ("-0.001 %", "+8.0 %")),
    ],
)
def test_a_change_and_its_limit_read_as_what_they_are(value: str, limit: str, texts: tuple[str, str]) -> None:
    assert against(D(value), D(limit)) == texts


@given(st.decimals("0.000001", "10000", places=6), st.decimals("0.000001", "10000", places=6))
def test_two_amounts_of_money_read_alike_only_when_they_are(value: Decimal, limit: Decimal) -> None:
    first, second = unlike_money(value, limit, "USD")

    assert (first == second) == (value == limit)
    assert any(digit in "123456789" for digit in first)


def test_an_interval_without_bounds_is_not_known_yet() -> None:
    assert between(Interval(D("-Infinity"), D(0), D(1))) == "by an amount that is not known yet"

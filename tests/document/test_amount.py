"""Percentages and money as people write them; whatever could mean two things is nothing."""

from decimal import Decimal

import pytest

from codeops.core.money import Money
from codeops.document import amount


@pytest.mark.parametrize(("text", "value"), [("8 %", "0.08"), (" 0.5% ", "0.005"), ("100 %", "1")])
def test_a_percentage_is_a_ratio(text: str, value: str) -> None:
    assert amount.ratio(text) == Decimal(value)


@pytest.mark.parametrize("text", ["8", 8, "-8 %", "8 % more", "%", None])
def test_anything_else_is_no_percentage(text: object) -> None:
    assert amount.ratio(text) is None


@pytest.mark.parametrize(
    ("text", "value", "currency"),
    [("200 USD", "200", "USD"), ("$1,200.50", "1200.50", "USD"), ("€3", "3", "EUR"), ("1_000 CHF", "1000", "CHF")],
)
def test_money_has_a_sign_or_a_code(text: str, value: str, currency: str) -> None:
    assert amount.money(text) == Money(Decimal(value), currency)


@pytest.mark.parametrize("text", ["200", 200, "$200 USD", "1.2.3 USD", "USD", "-1 USD", "1 usd", None])
def test_anything_else_is_no_money(text: object) -> None:
    assert amount.money(text) is None

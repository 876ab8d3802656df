"""CPU noise in money: the two directions of one formula, and the worked numbers of the facts."""

import math
from decimal import Decimal

import pytest
from gate_values import D
from hypothesis import given
from hypothesis import strategies as st

from codeops.gate.money import cpu_tolerance, relative_change

RATIOS = st.decimals("-0.9", "3", places=4)
SHARES = st.decimals("0.0001", "1", places=4)


@pytest.mark.parametrize(
    ("limit", "counts", "share", "factor"),
    [
        ("0.08", "0", "1", 1.08),  # all of the cost is CPU: the limit itself
        ("0.03", "0", "0.05", 1.6),  # a twentieth is CPU: it may rise by 60 %
        ("0.08", "0.04", "0.5", 1.08),  # counts use up half of the limit
        ("0.08", "-0.10", "0.5", 1.36),  # cheaper counts make room
    ],
)
def test_a_limit_on_money_is_a_limit_on_cpu(limit: str, counts: str, share: str, factor: float) -> None:
    assert math.exp(cpu_tolerance(D(limit), D(counts), D(share))) == pytest.approx(factor)


@pytest.mark.parametrize("counts", ["0.58", "0.7"])  # 0.58 = limit + share: even no CPU at all would only just reach the limit
def test_where_no_cpu_would_still_be_too_much_the_tolerance_is_minus_infinity(counts: str) -> None:
    assert cpu_tolerance(D("0.08"), D(counts), D("0.5")) == -math.inf


@given(RATIOS, SHARES, st.floats(-5, 5))
def test_the_tolerance_inverts_the_change(counts: Decimal, share: Decimal, theta: float) -> None:
    limit = relative_change(theta, counts, share)

    assert cpu_tolerance(limit, counts, share) == pytest.approx(theta, abs=1e-9)


@given(RATIOS, SHARES, st.floats(-5, 5), st.floats(0, 5))
def test_more_cpu_never_costs_less(counts: Decimal, share: Decimal, theta: float, step: float) -> None:
    assert relative_change(theta + step, counts, share) >= relative_change(theta, counts, share)


def test_an_unbounded_theta_is_an_unbounded_change() -> None:
    assert relative_change(math.inf, D(0), D("0.5")) == Decimal("Infinity")
    assert relative_change(1e6, D(0), D("0.5")) == Decimal("Infinity")
    assert relative_change(-math.inf, D(0), D("0.5")) == D("-0.5")

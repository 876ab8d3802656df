"""A pair in money: the worked numbers of the facts, and what holds for every share of CPU and memory."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeops.gate.money import logarithm, relative_change

RATIOS = st.floats(-0.9, 3)
SHARES = st.floats(1e-6, 1)
THETAS = st.floats(-5, 5)


@pytest.mark.parametrize(
    ("factor", "counts", "share", "memory", "change"),
    [
        (1.08, 0.0, 1.0, 0.0, 0.08),  # all of the cost is CPU: its own change
        (1.6, 0.0, 0.05, 0.0, 0.03),  # a twentieth is CPU: 60 % more of it
        (1.08, 0.04, 0.5, 0.0, 0.08),  # counts and CPU add up
        (1.0, 0.0, 0.5, 0.08, 0.08),  # memory alone
        (0.5, 0.08, 0.5, 0.25, 0.08),  # less CPU makes more memory good
        (1.0, 0.08, 0.0, 0.0, 0.08),  # no CPU at all
    ],
)
def test_the_parts_of_a_change_add_up(factor: float, counts: float, share: float, memory: float, change: float) -> None:
    assert relative_change(math.log(factor), counts, share, memory) == pytest.approx(change)


@given(RATIOS, SHARES, THETAS, st.floats(0, 5))
def test_more_cpu_never_costs_less(counts: float, share: float, theta: float, step: float) -> None:
    assert relative_change(theta + step, counts, share) >= relative_change(theta, counts, share)


@given(THETAS)
def test_where_all_is_cpu_the_logarithm_of_the_cost_is_that_of_cpu(theta: float) -> None:
    assert logarithm(theta, 0.0, 1.0) == pytest.approx(theta, abs=1e-9)


@given(SHARES, st.floats(-0.1, 0.1))
def test_the_noise_of_cpu_is_damped_by_its_share(share: float, theta: float) -> None:
    assert abs(logarithm(theta, 0.0, share)) <= share * abs(math.expm1(theta)) / (1 - 0.1) + 1e-12


@pytest.mark.parametrize("broken", [math.nan, math.inf, -math.inf])
def test_a_pair_that_is_not_complete_is_not_a_number(broken: float) -> None:
    assert math.isnan(logarithm(broken, 0.0, 0.5))


def test_what_is_beyond_floats_or_below_nothing_stays_finite() -> None:
    assert math.isfinite(logarithm(1e6, 0.0, 0.5))
    assert logarithm(0.0, 0.0, 0.5, -3.0) == pytest.approx(math.log(1e-9))

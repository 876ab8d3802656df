"""Student's t against scipy, against tables in print, and against its own algebra."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from codeops.gate.student import cdf, quantile, survival

FREEDOMS = [0.5, 1, 2, 3, 4, 5.5, 9, 17, 29, 100, 1e4, 1e7]
ARGUMENTS = [-1e6, -40, -5, -1, -1e-3, -1e-9, 0, 1e-9, 0.1, 1, 2, 5, 40, 1e3, 1e6]


@pytest.mark.parametrize("df", FREEDOMS)
@pytest.mark.parametrize("t", ARGUMENTS)
def test_the_distribution_is_scipys(t: float, df: float) -> None:
    digits = 1e-9 if df < 1e6 else 1e-7  # differences of lgamma lose digits where it is large

    assert survival(t, df) == pytest.approx(stats.t.sf(t, df), rel=digits, abs=1e-300)
    assert cdf(t, df) == pytest.approx(stats.t.cdf(t, df), rel=digits, abs=1e-300)


@pytest.mark.parametrize("df", FREEDOMS)
@pytest.mark.parametrize("probability", [1e-9, 1e-4, 0.001, 0.025, 0.3, 0.5, 0.7, 0.95, 0.975, 0.9999, 1 - 1e-9])
def test_the_quantile_is_scipys(probability: float, df: float) -> None:
    assert quantile(probability, df) == pytest.approx(stats.t.ppf(probability, df), rel=1e-8, abs=1e-11)


@pytest.mark.parametrize(
    ("probability", "df", "printed"),
    [(0.975, 1, 12.706), (0.975, 2, 4.303), (0.95, 5, 2.015), (0.99, 10, 2.764), (0.995, 30, 2.750)],
)
def test_the_quantile_is_the_one_in_printed_tables(probability: float, df: float, printed: float) -> None:
    assert round(quantile(probability, df), 3) == printed


@given(st.floats(1e-8, 1 - 1e-8), st.floats(0.6, 1e5))
def test_the_quantile_inverts_the_distribution(probability: float, df: float) -> None:
    assert cdf(quantile(probability, df), df) == pytest.approx(probability, rel=1e-8)


@given(st.floats(-1e5, 1e5), st.floats(0.3, 1e6))
def test_both_tails_mirror_each_other(t: float, df: float) -> None:
    assert survival(t, df) == pytest.approx(cdf(-t, df), rel=1e-12)
    assert 0 <= survival(t, df) <= 1


@given(st.floats(-50, 50), st.floats(0, 10), st.floats(0.5, 1e4))
def test_the_tail_never_grows_with_t(t: float, step: float, df: float) -> None:
    assert survival(t + step, df) <= survival(t, df) + 1e-12


def test_infinity_is_an_argument_like_any_other() -> None:
    assert survival(math.inf, 3) == 0
    assert survival(-math.inf, 3) == 1


@pytest.mark.parametrize("df", [0, -1, math.nan])
def test_degrees_of_freedom_must_be_above_zero(df: float) -> None:
    with pytest.raises(ValueError, match="degrees of freedom"):
        survival(1, df)


@pytest.mark.parametrize("probability", [0, 1, -0.1, math.nan])
def test_a_quantile_needs_a_probability(probability: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        quantile(probability, 3)

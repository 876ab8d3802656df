"""Intervals: sums, shares and verdicts, exactly at the limit and on both sides of it."""

from statistics import stdev

import pytest
from gate_values import D
from scipy import stats

from codeops.core.report import Verdict
from codeops.gate.interval import Interval
from codeops.gate.welch import Sample, half_width, standard_error


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        ("0.081", "0.2", Verdict.FAIL),  # all of it above
        ("0.08", "0.2", Verdict.INCONCLUSIVE),  # the lower end at the limit is not above it
        ("0.0", "0.0801", Verdict.INCONCLUSIVE),
        ("0.0", "0.08", Verdict.PASS),  # exactly at the limit passes
        ("-Infinity", "Infinity", Verdict.INCONCLUSIVE),
    ],
)
def test_a_limit_is_broken_only_by_all_of_an_interval(low: str, high: str, verdict: Verdict) -> None:
    assert Interval(D(low), D("0.08"), D(high)).verdict(D("0.08")) is verdict


def test_bounds_add_up_and_scale() -> None:
    total = (Interval.around(D(2), D(1)) + Interval.exact(D(3))).scaled(D(2)).over(D(10))

    assert total == Interval(D("0.8"), D(1), D("1.2"))


def test_nothing_times_an_unbounded_figure_is_nothing() -> None:
    assert Interval(D("-Infinity"), D(1), D("Infinity")).scaled(D(0)) == Interval.exact(D(0))


def test_welch_is_scipys() -> None:
    one, other = [10.0, 12.5, 9.1, 11.4, 10.2], [8.0, 8.4, 12.9]
    expected = stats.ttest_ind(one, other, equal_var=False).confidence_interval(0.99)

    half = half_width([Sample(D(stdev(values)), len(values)) for values in (one, other)], 0.99)

    assert float(half) == pytest.approx((expected.high - expected.low) / 2, rel=1e-9)


def test_what_does_not_vary_has_no_width() -> None:
    assert half_width([Sample(D(0), 1), Sample(D(0), 9)], 0.95) == 0
    assert standard_error([]) == 0


def test_one_sample_of_what_varies_says_nothing_about_its_spread() -> None:
    assert half_width([Sample(D(1), 1), Sample(D(0), 20)], 0.95) == D("Infinity")

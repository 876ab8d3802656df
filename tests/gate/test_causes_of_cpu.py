"""Causes of CPU: a sampling profile distributes what was timed, and noise of a place is not told as a cause."""

from decimal import Decimal, localcontext

import pytest
from gate_values import CPU, D, judged, meter, one, route_of
from hypothesis import given
from hypothesis import strategies as st

from codeops.core.snapshot import MeterUsage, Site
from codeops.gate.case import ARITHMETIC
from codeops.gate.causes import causes_of
from codeops.gate.evidence import Evidence, Pairs
from codeops.gate.lines import Line

MS = D("0.001")


def spot(amount_ms: object, line: int, error_ms: object = "0.1", function: str = "report") -> Site:
    return Site(file="app.py", line=line, amount=D(amount_ms) * MS, error=D(error_ms) * MS, function=function, code=f"line {line}")


def cpu(mean_ms: object, *sites: Site) -> MeterUsage:
    return meter(CPU, D(mean_ms) * MS, sites=sites)


def causes(head: MeterUsage, base: MeterUsage | None) -> list[str]:
    with localcontext(ARITHMETIC):
        return [cause.text for cause in causes_of([Line(meter=CPU, unit="vCPU.s", head=head, base=base, head_cost=head.mean)], None)]


@pytest.mark.parametrize(
    ("head", "base", "expected", "why"),
    [
        (
            cpu(15, spot(10, 5), spot(5, 9)),
            cpu(10, spot(5, 5), spot(5, 9)),
            ["+5.00 ms CPU at app.py:5"],
            "one line grew, the other did not move",
        ),
        (
            cpu("15.1", spot(10, 7), spot("5.1", 9)),
            cpu(10, spot(5, 5), spot(5, 9)),
            ["+5.00 ms CPU at app.py:7", "+100 µs CPU elsewhere"],
            "growth within two errors (0.28 ms) stays in what no place accounts for",
        ),
        (
            cpu(15, spot(8, 5), spot(7, 9, function="other")),
            cpu(10, spot(8, 5)),
            ["+7.00 ms CPU at app.py:9", "-2.00 ms CPU elsewhere"],
            "a new line, and a rest that fell because the profile is not the clock",
        ),
        (cpu(15, spot(15, 5)), cpu(10), ["+5.00 ms CPU"], "the base has no profile, so no place is known to have grown"),
        (cpu(15), cpu(10, spot(10, 5)), ["+5.00 ms CPU"], "the head has none"),
        (cpu(15, spot(15, 5)), None, ["+15.0 ms CPU"], "nothing to compare the profile with"),
        (
            cpu(15, spot(30, 5)),
            cpu(10, spot(10, 5)),
            ["+5.00 ms CPU at app.py:5"],
            "a profile that slowed the program down is scaled to what was timed",
        ),
        (
            cpu(20, spot(20, 5)),
            cpu(10, spot(5, 3, function="gone"), spot(5, 5)),
            ["+15.0 ms CPU at app.py:5", "-5.00 ms CPU no longer at app.py:3"],
            "what is gone is told, so that all adds up",
        ),
    ],
)
def test_growth_of_cpu_is_told_by_line(head: MeterUsage, base: MeterUsage | None, expected: list[str], why: str) -> None:
    # Lines 5 and 7 hold different code of one function and match as such where no line is the same.
    assert causes(head, base) == expected, why


SPOTS = st.lists(
    st.builds(spot, st.decimals("0", "20", places=4), st.integers(1, 9), st.decimals("0", "3", places=4), st.sampled_from("fgh")),
    max_size=6,
    unique_by=lambda site: (site.line, site.function),
)


@given(SPOTS, SPOTS, st.decimals("0.001", "90", places=4), st.decimals("0.001", "90", places=4))
def test_causes_and_the_rest_add_up_to_the_growth_exactly(after: list[Site], before: list[Site], head: Decimal, base: Decimal) -> None:
    line = Line(meter=CPU, unit="vCPU.s", head=cpu(head, *after), base=cpu(base, *before))
    with localcontext(ARITHMETIC):
        found = causes_of([line], None)
        assert sum((cause.amount for cause in found), Decimal(0)) == max(line.growth, Decimal(0))
        assert sum(cause.location is None and not cause.text.startswith("-") and "no longer" not in cause.text for cause in found) <= 1


def test_a_regression_that_pairs_prove_names_its_line() -> None:
    head, base = cpu(15, spot(10, 5), spot(5, 9)), cpu(10, spot(5, 5), spot(5, 9))

    report = judged(one(head), one(base), evidence=Evidence(pairs={"/a": Pairs((0.4, 0.41, 0.4, 0.41, 0.4, 0.4))}))

    assert [(cause.text, str(cause.location), cause.code) for cause in route_of(report).causes] == [
        ("+5.00 ms CPU at app.py:5", "app.py:5", "line 5")
    ]
    assert [finding.location for finding in report.findings if finding.rule == "calls-grew"] == [route_of(report).causes[0].location]

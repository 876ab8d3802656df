"""Causes: places are matched by what they are and not by line number, and shares add up to the growth."""

from decimal import Decimal

import pytest
from gate_values import CPU, EGRESS, GET, QUERY, D, judged, meter, one, route_of, site
from hypothesis import given
from hypothesis import strategies as st

from codeops.core.location import Location
from codeops.core.meter import COMMON
from codeops.core.report import Cause
from codeops.core.snapshot import MeterUsage, Site
from codeops.gate.advice import advice_for, grown
from codeops.gate.causes import causes_of
from codeops.gate.lines import Line

FETCH = "body = s3.get_object(Bucket=BUCKET, Key=key)"


def gets(*sites: Site, mean: object = None) -> MeterUsage:
    total = sum((one.amount for one in sites), Decimal(0)) if mean is None else D(mean)
    return meter(GET, total, sites=sites)


def causes(head: MeterUsage | None, base: MeterUsage | None, requests: int | None = None) -> list[tuple[str, Decimal]]:
    line = Line(meter=GET, unit="{request}", head=head, base=base, head_cost=D("0.01") * head.mean if head else None)
    return [(cause.text, cause.amount) for cause in causes_of([line], requests)]


@pytest.mark.parametrize(
    ("head", "base", "expected", "why"),
    [
        ([site(6, 41)], [site(1, 41)], ["+5 S3 GETs at app/reports.py:41"], "the same line"),
        ([site(6, 57)], [site(1, 41)], ["+5 S3 GETs at app/reports.py:57"], "lines above it were added"),
        ([site(6, 41, code=FETCH)], [site(1, 40)], ["+5 S3 GETs at app/reports.py:41"], "its text was edited, in the same function"),
        ([site(6, 9, file="app/store.py")], [site(1, 41)], ["+5 S3 GETs at app/store.py:9"], "it moved to another file and grew"),
        ([site(6, 9, file="b.py", code="x()", function="g")], [site(1, 41)], ["+6 S3 GETs at b.py:9", "-1 S3 GET no longer at app/reports.py:41"], "another place altogether"),
        ([site(1, 41), site(5, 60, code=FETCH)], [site(1, 41)], ["+5 S3 GETs at app/reports.py:60"], "a second call in the function"),
        (
            [site(4, 41, code="a()"), site(3, 50, code="b()")],
            [site(1, 41, code="c()")],
            ["+6 S3 GETs at app/reports.py:41"],
            "two edited lines of one function: its growth is told at the larger one",
        ),
        (
            [site(2, 41), site(3, 60, function="other")],
            [site(1, 41), site(1, 50, function="other")],
            ["+2 S3 GETs at app/reports.py:60", "+1 S3 GET at app/reports.py:41"],
            "the larger growth comes first",
        ),
        ([site(1, 41), site(2, 60, code="b()", function="g")], [site(2, 41)], ["+2 S3 GETs at app/reports.py:60", "-1 S3 GET at app/reports.py:41"], "one place fell, another rose: both are told, so that they add up"),
        ([site(2, 41, code="", function=""), site(2, 9, code="", function="", file="b.py")], [site(1, 30, code="", function="")],
         ["+2 S3 GETs at b.py:9", "+1 S3 GET at app/reports.py:41"], "without code and function the file is all there is"),
        ([site(6, 0, file="", code="", function="basket > GET")], [site(1, 0, file="", code="", function="basket > GET")], ["+5 S3 GETs in span basket > GET"], "a span names no line: the same span"),
        ([site(6, 0, file="", code="", function="GET")], [site(1, 0, file="", code="", function="PUT")], ["+6 S3 GETs in span GET", "-1 S3 GET no longer in span PUT"], "another span"),
        ([site("1.004", 41)], [site(1, 41)], ["+0.00400 S3 GETs at app/reports.py:41"], "small growth is growth"),
    ],
)  # fmt: skip
def test_places_are_matched_by_what_they_are(head: list[Site], base: list[Site], expected: list[str], why: str) -> None:
    assert [text for text, _ in causes(gets(*head), gets(*base))] == expected, why


def test_work_that_only_moved_is_no_cause() -> None:
    assert not causes(gets(site(3, 9, file="b.py")), gets(site(3, 41)))
    assert not causes(gets(site(2, 41)), gets(site(3, 41)))
    assert not causes(None, gets(site(3, 41)))


def test_growth_that_no_place_accounts_for_is_told_without_one() -> None:
    assert causes(gets(site(2, 41), mean=6), gets(site(1, 41), mean=1)) == [("+4 S3 GETs", D(4)), ("+1 S3 GET at app/reports.py:41", D(1))]
    assert causes(gets(mean=6), gets(mean=1)) == [("+5 S3 GETs", D(5))]


def test_a_base_that_knew_no_places_gives_the_growth_at_the_largest_one() -> None:
    assert causes(gets(site(2, 40, function="f"), site(4, 41)), gets(mean=1)) == [("+5 S3 GETs at app/reports.py:41", D(5))]


def test_all_of_a_new_meter_is_growth() -> None:
    assert causes(gets(site(2)), None) == [("+2 S3 GETs at app/reports.py:41", D(2))]


def test_a_rounding_in_a_snapshot_is_no_cause() -> None:
    assert causes(gets(site("3.001", 41), site(5, 60, function="g")), gets(site(3, 41), site(1, 60, function="g"))) == [
        ("+4 S3 GETs at app/reports.py:60", D(4))
    ]


def test_a_cause_holds_money_place_code_and_advice() -> None:
    head, base = one(meter(GET, 6, sites=(site(6),))), one(meter(GET, 1, sites=(site(1),)))

    (cause,) = route_of(judged(head, base, traffic={"/a": 1000})).causes

    assert cause == Cause(
        text="+5 S3 GETs at app/reports.py:41",
        meter=GET,
        unit="{request}",
        amount=D(5),
        cost=D("0.05"),
        monthly=D(50),
        location=Location("app/reports.py", 41),
        code="s3.get_object(key)",
        advice=advice_for(GET),
    )


def test_causes_are_ordered_by_money_and_the_unpriced_come_last() -> None:
    head = one(meter(GET, 2), meter(QUERY, 99), meter(EGRESS, 100_000))

    assert [cause.meter for cause in route_of(judged(head, one(meter(GET, 1)))).causes] == [EGRESS, GET, QUERY]


def test_a_varying_count_is_a_cause_only_when_its_growth_is_sure() -> None:
    def report(samples: int) -> list[str]:
        sides = (one(meter(GET, mean, sd=D(2), exact=False, samples=samples)) for mean in (6, 5))
        return [cause.text for cause in route_of(judged(*sides)).causes]  # type: ignore[arg-type]

    assert report(10) == []
    assert report(1000) == ["+1 S3 GET"]


def test_a_broken_budget_names_its_places_as_findings() -> None:
    head = one(meter(GET, 9, sites=(site(6), site(3, 60, function="g"))))

    report = judged(head, one(meter(GET, 1, sites=(site(1),))), traffic={"/a": 1000})
    broken, first, second = report.findings

    assert (broken.rule, broken.location, broken.monthly) == ("route-regression", Location("app/reports.py", 41), 80)
    assert broken.fix == 'take back +5 S3 GETs at app/reports.py:41, or raise regression in [budget.routes."/a"] and say why in the commit'
    assert first.fix == advice_for(GET)
    assert (
        broken.why == "$10.0000 before, $90.0000 now for 1,000 requests: +5 S3 GETs at app/reports.py:41; +3 S3 GETs at app/reports.py:60"
    )
    assert [(one.rule, one.message, one.monthly) for one in (first, second)] == [
        ("calls-grew", "/a: +5 S3 GETs at app/reports.py:41", 50),
        ("calls-grew", "/a: +3 S3 GETs at app/reports.py:60", 30),
    ]


def test_growth_within_the_limit_is_a_cause_and_no_finding() -> None:
    report = judged(one(meter(GET, 101, sites=(site(101),))), one(meter(GET, 100, sites=(site(100),))))

    assert route_of(report).causes
    assert not report.findings


def test_a_place_without_its_code_is_a_finding_too() -> None:
    report = judged(one(meter(GET, 2, sites=(site(2, code=""),))), one(meter(GET, 1, sites=(site(1, code=""),))))

    assert [finding.why for finding in report.findings if finding.rule == "calls-grew"] == ["for each request"]


SITES = st.lists(
    st.builds(
        site,
        st.integers(0, 9),
        st.integers(1, 99),
        st.sampled_from(["a.py", "b.py"]),
        st.sampled_from(["f", "g"]),
        st.sampled_from(["", "x()", "y()"]),
    ),
    min_size=1,
    max_size=6,
)


@given(SITES)
def test_identical_places_have_no_causes_wherever_they_stand(sites: list[Site]) -> None:
    moved = [site(one.amount, one.line + 7, one.file, one.function, one.code) for one in reversed(sites)]

    assert not causes(gets(*moved), gets(*sites))


@given(SITES, SITES)
def test_the_causes_add_up_to_the_growth_of_the_meter(head: list[Site], base: list[Site]) -> None:
    found = causes(gets(*head), gets(*base))
    growth = max(gets(*head).mean - gets(*base).mean, Decimal(0))

    assert abs(sum((amount for _, amount in found), Decimal(0)) - growth) <= growth * D("0.12"), "up to a hundredth for each place"


def test_a_place_that_is_gone_is_told_without_a_location_in_the_new_code() -> None:
    head, base = gets(site(5, 9, file="new.py", function="h", code="new()")), gets(site(2, 41))

    causes_of_it = route_of(judged(one(head), one(base))).causes

    assert [(cause.text, cause.location, cause.amount) for cause in causes_of_it] == [
        ("+5 S3 GETs at new.py:9", Location("new.py", 9), D(5)),
        ("-2 S3 GETs no longer at app/reports.py:41", None, D(-2)),
    ]
    assert not causes_of_it[1].advice


@pytest.mark.parametrize(
    ("name", "unit", "amount", "text"),
    [
        ("aws.s3.get", "{request}", "1", "+1 S3 GET"),
        ("aws.s3.list", "{request}", "2", "+2 S3 LISTs"),
        ("db.query", "{query}", "7", "+7 queries"),
        ("db.query", "{query}", "-1", "-1 query"),
        ("http.call", "{request}", "0.5", "+0.500 HTTP calls"),
        ("llm.input", "{token}", "1500", "+1,500 LLM input tokens"),
        ("compute.cpu", "vCPU.s", "0.0042", "+4.20 ms CPU"),
        ("compute.memory", "GiB.s", "2", "+2.00 GiB.s of compute.memory"),
        ("network.egress", "By", "1300000", "+1.30 MB sent"),
        ("stripe.charge", "{charge}", "2", "+2 charges of stripe.charge"),
    ],
)
def test_growth_is_worded_as_people_say_it(name: str, unit: str, amount: str, text: str) -> None:
    assert grown(name, unit, D(amount)) == text


@pytest.mark.parametrize(
    "name", [*COMMON, "aws.s3.get", "aws.s3.put", "aws.s3.list", "aws.dynamodb.read", "aws.lambda.invoke", "gcp.nat.bytes", "a.b"]
)
def test_every_meter_has_advice_that_is_a_sentence(name: str) -> None:
    advice = advice_for(name)

    assert advice[0].isupper()
    assert advice.endswith(".")
    assert len(advice) > 40


def test_cpu_of_a_plain_run_is_no_cause_below_ten_per_cent() -> None:
    assert not route_of(judged(one(meter(CPU, "1.09")), one(meter(CPU, 1)))).causes

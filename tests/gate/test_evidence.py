"""Evidence beside the snapshots: doubts about the base, notes, counted instructions and bytecode."""

import pytest
from gate_values import CPU, GET, QUERY, D, judged, meter, one, route, route_of, rules, snapshot, usd

from codeops.core.budget import Budget, RouteBudget
from codeops.core.cost import Caveat
from codeops.core.finding import Severity
from codeops.core.report import Change, Verdict
from codeops.gate.evidence import BY_INSTRUCTIONS, Evidence, Pairs

DIED = "the base cannot be measured: the worker died (app.py:3)"
DOUBT = Evidence(doubts={"/a": DIED})
USAGE = (meter(GET, 1), meter(CPU, "0.01"), meter(QUERY, 3))


def test_a_route_in_doubt_is_inconclusive_in_the_words_of_the_doubt() -> None:
    report = judged(one(*USAGE), snapshot({}), traffic={"/a": 1000}, evidence=DOUBT)
    result = route_of(report)
    (finding,) = report.findings

    assert (report.verdict, result.change) == (Verdict.INCONCLUSIVE, Change.COMPARED)
    assert report.summary == f"inconclusive: /a is not compared: {DIED}"
    assert result.notes == (f"inconclusive: {DIED}",)
    assert (finding.rule, finding.monthly) == ("inconclusive", None)
    assert finding.fix == "see why the base does not answer; per_1k limits what the route may cost without a base"
    assert (result.base_cost, result.delta, result.monthly_delta, report.monthly_delta) == (None, None, None, None)
    assert not result.causes
    assert {one.quantity_effect for one in result.meters} == {None}


@pytest.mark.parametrize(("limit", "verdict"), [(1000, Verdict.INCONCLUSIVE), (1, Verdict.FAIL)])
def test_absolute_budgets_of_a_route_in_doubt_are_judged(limit: int, verdict: Verdict) -> None:
    budget = Budget(routes={"/a": RouteBudget(per_1k=usd(limit))})

    assert judged(one(*USAGE), snapshot({}), budget, evidence=DOUBT).verdict is verdict


def test_a_base_that_was_measured_before_the_doubt_can_fail_by_counts_and_pass_by_nothing() -> None:
    pairs = {"/a": Pairs((0.0,) * 6)}
    doubted = Evidence(pairs=pairs, doubts={"/a": DIED})
    more = (meter(GET, 9), meter(CPU, "0.01"))

    assert judged(one(*USAGE), one(*USAGE), evidence=Evidence(pairs=pairs)).verdict is Verdict.PASS
    assert judged(one(*USAGE), one(*USAGE), evidence=doubted).verdict is Verdict.INCONCLUSIVE
    assert judged(one(*more), one(*USAGE), evidence=doubted).verdict is Verdict.FAIL


def test_a_doubt_about_a_base_that_cost_nothing_is_still_a_doubt() -> None:
    assert judged(one(meter(GET, 1)), one(meter(GET, 0)), evidence=DOUBT).verdict is Verdict.INCONCLUSIVE


def test_a_doubt_about_a_route_that_nothing_measures_is_left_alone() -> None:
    assert judged(snapshot({}), one(*USAGE), evidence=DOUBT).verdict is Verdict.PASS


def test_notes_are_caveats_of_the_report() -> None:
    note = Caveat("request-differs", "/a", "the base does not answer the head's request (404); it is measured with its own")

    assert note in judged(one(*USAGE), one(*USAGE), evidence=Evidence(notes=[note])).caveats


def test_counted_instructions_are_called_by_their_names() -> None:
    open_one = Evidence(pairs={"/a": Pairs((0.0799,), precision=BY_INSTRUCTIONS)})

    report = judged(one(meter(CPU, 1)), one(meter(CPU, 1)), evidence=open_one)

    assert report.summary.endswith("it takes 2 more seeds")
    assert [caveat.text for caveat in report.caveats] == [
        "CPU is compared by counted instructions, the mean over hash seeds: what a cache or a wait costs is not in them"
    ]


def test_nothing_is_said_of_instructions_that_were_not_counted() -> None:
    timed = Evidence(pairs={"/a": Pairs((0.0, 0.0, 0.0))})

    assert "counted-cpu" not in [caveat.kind for caveat in judged(one(meter(CPU, 1)), one(meter(CPU, 1)), evidence=timed).caveats]


def test_each_route_is_judged_as_finely_as_it_was_measured() -> None:
    grown = (0.0149, 0.0151) * 4
    usage = snapshot({"/counted": route(meter(CPU, 1)), "/timed": route(meter(CPU, 1))})
    pairs = {"/counted": Pairs(grown, precision=BY_INSTRUCTIONS), "/timed": Pairs(grown)}

    report = judged(usage, usage, Budget(regression=D("0.01")), evidence=Evidence(pairs=pairs))

    assert {budget.route: budget.verdict for budget in report.budgets} == {"/counted": Verdict.FAIL, "/timed": Verdict.PASS}


@pytest.mark.parametrize(
    ("base", "head", "severity", "message"),
    [
        (
            "11741",
            "11858.5",
            Severity.WARNING,
            "/a executes more bytecode: 11,741 instructions per request → 11,858 instructions (+1.0 %)",
        ),
        ("10000", "10001", Severity.INFO, "/a executes more bytecode: 10,000 instructions per request → 10,001 instructions (+0.01 %)"),
        ("0", "1", Severity.WARNING, "/a executes more bytecode: 0 instructions per request → 1 instruction"),
    ],
)
def test_more_bytecode_is_told_with_route_and_size_and_fails_nothing(base: str, head: str, severity: Severity, message: str) -> None:
    report = judged(one(*USAGE), one(*USAGE), evidence=Evidence(bytecode={"/a": (D(base), D(head))}))
    (finding,) = report.findings

    assert report.verdict is Verdict.PASS
    assert (finding.rule, finding.severity, finding.route, finding.message) == ("bytecode-grew", severity, "/a", message)


@pytest.mark.parametrize("head", ["10", "9"])
def test_as_much_bytecode_or_less_is_no_finding(head: str) -> None:
    assert not rules(judged(one(*USAGE), one(*USAGE), evidence=Evidence(bytecode={"/a": (D(10), D(head))})))

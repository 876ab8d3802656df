from dataclasses import replace

import pytest

from codeops.core.cost import Caveat
from codeops.core.finding import Finding, Severity
from codeops.core.location import Location
from codeops.core.report import BudgetResult, Cause, Change, MeterChange, RouteResult, Side, Verdict
from codeops.report import _doubts, _view
from report.samples import FAIL, FIRST_RUN, REPORT_ROUTE, UNPRICED, D, report, route


def job(**changes: object) -> RouteResult:
    return route("import", "0.3", "0.6", kind="job", **changes)


@pytest.mark.parametrize(
    ("one", "base", "head", "delta", "month"),
    [
        (route("r", "0.0000124", "0.0000192"), "$0.0124", "$0.0192", "+54.8 %", "+$272.00"),
        (route("r", "0.0000124", "0.0000124"), "$0.0124", "$0.0124", "0.0 %", "$0.00"),  # zero that is zero
        (route("r", "1e-12", "2e-12"), "$0.00000000100", "$0.00000000200", "+100.0 %", "+$0.00004"),  # nearly zero is not zero
        (route("r", None, "0.001", change=Change.NEW), "—", "$1.0000", "new", "+$40,000.00"),
        (route("r", "0.001", None, change=Change.GONE), "$1.0000", "—", "gone", "-$40,000.00"),
        (route("r", "0", "0.001", change=Change.ZERO_BASE), "$0.0000", "$1.0000", "from zero", "+$40,000.00"),
        (route("r", None, "0.001"), "not known", "$1.0000", "not known", "not known"),  # a side that exists without a figure is not 0
        (route("r", "0.001", None), "$1.0000", "not known", "not known", "not known"),
        (route("r", "0.001", "0.002", requests_per_month=None), "$1.0000", "$2.0000", "+100.0 %", "not known"),
        (route("r", "0.001", "0.0010801"), "$1.0000", "$1.0801", "+8.01 %", "+$3,204.00"),  # not at the limit of 8 %
        (route("r", "0.001", "0.00108"), "$1.0000", "$1.0800", "+8.0 %", "+$3,200.00"),  # at the limit
        (route("r", "0.001", "0.0010801", limit=None), "$1.0000", "$1.0801", "+8.0 %", "+$3,204.00"),
        (route("r", "0.001", "0.002", at_least=True), "at least $1.0000", "at least $2.0000", "+100.0 %", "+$40,000.00"),
        (route("r", "0.001", "0.001", at_least=True), "at least $1.0000", "at least $1.0000", "not known", "not known"),
        (route("r", "0", "0", at_least=True), "not priced", "not priced", "not known", "not known"),
        (job(unit="GB", units=D(3), requests_per_month=30), "$0.1000 / GB", "$0.2000 / GB", "+100.0 %", "+$9.00"),
        (job(unit="GB", units=D(0)), "$0.3000 / call", "$0.6000 / call", "+100.0 %", "+$12,000,000.00"),  # no division by zero
        (job(), "$0.3000 / call", "$0.6000 / call", "+100.0 %", "+$12,000,000.00"),
        (route("r", "0.001", "0.003", delta=D(0), ratio=D(0)), "$1.0000", "$3.0000", "0.0 %", "$0.00"),  # CPU that is not compared
    ],
)  # fmt: skip
def test_each_case_reads_as_what_it_is(one: RouteResult, base: str, head: str, delta: str, month: str) -> None:
    row = _view.row(one, "USD")

    assert (row.base, row.head, row.delta, row.month) == (base, head, delta, month)


def test_a_meter_without_price_that_did_not_move_leaves_the_difference_whole() -> None:
    meters = (MeterChange(meter="stripe.charge", unit="{request}", base=D(1), head=D(1)),)

    row = _view.row(route("r", "0.001", "0.002", at_least=True, meters=meters), "USD")

    assert (row.delta, row.month) == ("+100.0 %", "+$40,000.00")
    assert row.head == "at least $2.0000"


@pytest.mark.parametrize(
    ("changes", "notes"),
    [
        ({}, ()),
        ({"notes": ("said",)}, ("said",)),
        ({"notes": ("new", "said"), "change": Change.NEW}, ("said",)),  # the cell of the change says it
        ({"ratio_low": D("0.01"), "ratio_high": D("0.05")}, ("between +1.0 % and +5.0 %",)),
        ({"ratio_low": D("0.01"), "ratio_high": D("0.01")}, ()),  # exact: no interval
        ({"ratio_low": D("0.01")}, ("at least +1.0 %",)),  # unbounded above
        ({"ratio_high": D("0.05")}, ("at most +5.0 %",)),
        ({"ratio_low": D("-Infinity"), "ratio_high": D("Infinity")}, ()),
        ({"verdict": Verdict.FAIL}, ("limit +8.0 %",)),
        ({"verdict": Verdict.FAIL, "notes": ("over +8.0 %",)}, ("over +8.0 %",)),  # nothing twice
        ({"verdict": Verdict.FAIL, "change": Change.NEW}, ()),
        ({"caveats": (Caveat("unpriced", "llm.input", "x"),)}, ("1 meter unpriced: llm.input",)),
        ({"caveats": (Caveat("unpriced", "llm.input", "x"),), "notes": ("llm.input is unpriced",)}, ("llm.input is unpriced",)),
        (
            {"caveats": (Caveat("unpriced", "llm.input", "x"),), "at_least": True},
            ("1 meter unpriced: llm.input", "the change is of the priced part only"),
        ),
        ({"caveats": (Caveat("allocated", "compute.memory", "x"),)}, ()),
    ],
)
def test_the_notes_say_what_the_figures_do_not(changes: dict[str, object], notes: tuple[str, ...]) -> None:
    assert _view.row(route("r", "0.001", "0.002", **changes), "USD").notes == notes


def test_routes_stand_by_money_then_by_the_change_of_a_request() -> None:
    routes = [
        route("little", "0.001", "0.002", requests_per_month=1),
        route("saved", "0.003", "0.001", requests_per_month=1000),
        route("unknown", "0.001", "0.002", requests_per_month=None),
        route("unknown and compared", "0.001", "0.009", delta=D("0.005"), requests_per_month=None),
        route("much", "0.001", "0.002", requests_per_month=1500),
    ]

    names = [one.name for one in _view.by_money(routes)]

    assert names == ["saved", "much", "little", "unknown and compared", "unknown"]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "+$272.00 a month at current traffic"),
        ({"monthly_delta": None}, "monthly impact not known"),
        ({"monthly_delta": None, "routes": ()}, "monthly impact not known: no traffic is configured"),
        ({"monthly_delta": D(0), "routes": (REPORT_ROUTE,)}, "$0.00 a month at current traffic"),
        (
            {"routes": (REPORT_ROUTE, route("r", "1", "2", requests_per_month=None))},
            "+$272.00 a month at current traffic (1 of 2 routes; the traffic of the others is not known)",
        ),
        ({"monthly_delta": D(0), "routes": UNPRICED.routes[:1]}, "monthly impact not known: 2 meters unpriced: llm.input, llm.output"),
        ({"routes": UNPRICED.routes[:1]}, "+$272.00 a month at current traffic, not counting 2 meters unpriced: llm.input, llm.output"),
    ],
)
def test_the_impact_says_what_it_leaves_out(changes: dict[str, object], text: str) -> None:
    assert _view.impact(replace(FAIL, **changes)) == text


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"quantity_effect": D("0.00001"), "price_effect": D(0)}, "1 request → 3 requests, +$0.0100 / 1k for usage"),
        (
            {"quantity_effect": D("0.00001"), "price_effect": D("-0.00002")},
            "1 request → 3 requests, +$0.0100 / 1k for usage, -$0.0200 / 1k for price",
        ),
        ({"quantity_effect": D(0)}, "1 request → 3 requests, no effect on cost"),
        ({"quantity_effect": None}, "1 request → 3 requests, not priced"),
        ({"base_cost": D(1), "head_cost": D(3)}, "1 request → 3 requests, not compared"),
        (
            {"base_cost": D(1), "head_cost": D(3), "price_effect": D("0.001")},
            "1 request → 3 requests, not compared, +$1.0000 / 1k for price",
        ),
        ({"base": None, "head_cost": D(3), "quantity_effect": D(0)}, "— → 3 requests, no effect on cost"),
        ({"exact": False, "error": D("0.5"), "quantity_effect": D(0)}, "1 request → 3 requests ± 0.500 requests, no effect on cost"),
        ({"exact": False, "quantity_effect": D(0)}, "1 request → 3 requests, no effect on cost"),
    ],
)
def test_a_meter_tells_usage_apart_from_price(changes: dict[str, object], text: str) -> None:
    meter = MeterChange(**{"meter": "aws.s3.get", "unit": "{request}", "base": D(1), "head": D(3), **changes})  # type: ignore[arg-type]

    assert _view.movement(route("r", "1", "2"), meter, "USD") == text


def test_the_parts_of_a_change_name_what_is_not_compared() -> None:
    one = route("r", "0.001", "0.002", quantity_effect=D("0.0005"), price_effect=D(0), residual=D("0.0005"))

    assert _view.parts(one, "USD") == "usage +$0.5000 / 1k, not compared +$0.5000 / 1k"
    assert not _view.parts(route("r", "1", "2"), "USD")


@pytest.mark.parametrize(
    ("changes", "text"),
    [({"monthly": D(80)}, "+$80.00 a month"), ({"cost": D("0.000002")}, "+$0.00200 / 1k"), ({}, "")],
)
def test_a_cause_tells_its_money_where_it_is_known(changes: dict[str, object], text: str) -> None:
    cause = Cause(**{"text": "x", "meter": "m", "unit": "By", "amount": D(1), **changes})  # type: ignore[arg-type]

    assert _view.stake(route("r", "1", "2"), cause, "USD") == text


@pytest.mark.parametrize(
    ("text", "location", "placed"),
    [
        ("+5 GETs at a.py:4 here", Location("a.py", 4), ("+5 GETs at ", "a.py:4", " here")),
        ("+5 GETs", Location("a.py", 4), ("+5 GETs at ", "a.py:4", "")),
        ("+5 GETs", None, ("+5 GETs", "", "")),
        ("+5 GETs", Location(""), ("+5 GETs", "", "")),
    ],
)
def test_a_place_is_told_once(text: str, location: Location | None, placed: tuple[str, str, str]) -> None:
    assert _view.placed(text, location) == placed


def test_a_finding_that_a_cause_tells_is_not_told_twice() -> None:
    assert [one.rule for one in _view.findings(FAIL)] == ["route-regression", "usage-grew"]


def test_a_finding_without_a_place_is_never_taken_for_a_cause() -> None:
    cause = Cause(text="not placed", meter="m", unit="By", amount=D(1))
    finding = Finding(rule="r", severity=Severity.INFO, message="x", route="r", meter="m")

    assert _view.findings(report(routes=(route("r", "1", "2", causes=(cause,)),), findings=(finding,))) == [finding]


def test_a_budget_that_a_finding_tells_is_not_told_twice_and_broken_ones_stand_first() -> None:
    assert [budget.verdict for budget in _view.budgets(FAIL)] == [Verdict.FAIL, Verdict.FAIL, Verdict.PASS]
    assert [budget.text for budget in _view.untold_budgets(FAIL)] == [
        "the suite: +$272.00 a month, allowed is +$100.00",
        "/v1/ingest: 0.0 % of +8.0 % allowed",
    ]


def test_the_dearest_meter_stands_first_and_what_did_not_move_is_left_out() -> None:
    still = MeterChange(meter="db.query", unit="{query}", base=D(2), head=D(2), price_effect=D(0))
    dearer = MeterChange(meter="http.call", unit="{request}", base=D(2), head=D(2), quantity_effect=D(0), price_effect=D(1))

    one = replace(REPORT_ROUTE, meters=(*REPORT_ROUTE.meters, still, dearer))

    assert [meter.meter for meter in _view.moved_meters(one)] == ["http.call", "compute.cpu", "aws.s3.get", "network.egress"]


def test_a_caveat_of_the_whole_report_is_not_repeated_by_its_routes() -> None:
    caveat, own = Caveat("a", "b", "c"), Caveat("d", "e", "f")

    shown = _doubts.told(report(caveats=(caveat,), routes=(route("r", "1", "2", caveats=(caveat, own)),)))

    assert shown == [("", caveat), ("r", own)]


def test_the_facts_leave_out_what_is_not_known() -> None:
    assert [name for name, _ in _view.facts(FAIL)] == ["Baseline", "Current", "Price book", "Measured on", "CodeOps"]
    assert _view.facts(replace(FIRST_RUN, head=Side())) == [
        ("Baseline", "none: nothing is compared"),
        ("Current", "commit not known"),
        ("Price book", "2026-11-01 (sha256:9f2c4e1ab0d3), USD"),
    ]


def test_an_empty_summary_is_said() -> None:
    assert _view.headline(report(summary="")) == "no summary"


def test_a_budget_keeps_its_place_among_equals() -> None:
    budgets = tuple(BudgetResult(kind="per_1k", route=name, verdict=Verdict.PASS, limit=D(1), value=D(1), text=name) for name in "ba")

    assert [budget.text for budget in _view.budgets(report(budgets=budgets))] == ["b", "a"]


def test_what_holds_of_several_meters_and_routes_is_said_once() -> None:
    text = ": priced for platform ec2, which usage does not state"
    one, two = (Caveat("assumed-platform", meter, meter + text) for meter in ("compute.cpu", "compute.memory"))
    routes = tuple(replace(REPORT_ROUTE, name=name, caveats=(one, two)) for name in ("/a", "/b"))
    both = replace(FAIL, routes=routes, caveats=())

    said = _doubts.told(both)
    partly = _doubts.told(replace(both, routes=(*routes, replace(routes[0], name="/c", caveats=()))))

    assert said == [("", Caveat("assumed-platform", "compute.cpu, compute.memory", f"compute.cpu, compute.memory{text}"))]
    assert partly[0][0] == "/a, /b"

"""The report: verdicts of several, money a month, and the published schema."""

import json
from decimal import Decimal
from importlib.resources import files

import jsonschema
import pytest

from codeops.core.cost import Caveat
from codeops.core.finding import Finding, Severity
from codeops.core.location import Location
from codeops.core.report import BudgetResult, Cause, Change, MeterChange, Report, RouteResult, Side, Verdict, worst
from codeops.core.snapshot import Environment, PriceBookRef
from codeops.report.json import parse, render, schema

SCHEMA = files("codeops").joinpath("schemas", "report.schema.json")
PASS, FAIL, OPEN = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("verdicts", "whole"),
    [([], PASS), ([PASS, PASS], PASS), ([PASS, OPEN], OPEN), ([OPEN, FAIL, PASS], FAIL), ([FAIL], FAIL)],
)
def test_a_failure_outweighs_what_is_open_and_that_outweighs_a_pass(verdicts: list[Verdict], whole: Verdict) -> None:
    assert worst(verdicts) is whole


@pytest.mark.parametrize(
    ("fields", "monthly"),
    [
        ({"delta": "0.01", "requests_per_month": 1000, "monthly_base": "5", "monthly_head": "99"}, "10"),  # what is compared counts
        ({"delta": "0.01"}, None),  # no traffic
        ({"monthly_base": "5", "monthly_head": "7"}, "2"),
        ({"monthly_head": "7", "change": Change.NEW}, "7"),
        ({"monthly_base": "5", "change": Change.GONE}, "-5"),
        ({}, None),
    ],
)
def test_a_month_is_what_the_compared_change_costs(fields: dict[str, object], monthly: str | None) -> None:
    decimals = {name: Decimal(value) if isinstance(value, str) and name != "change" else value for name, value in fields.items()}

    assert RouteResult(name="/a", **decimals).monthly_delta == (None if monthly is None else Decimal(monthly))  # type: ignore[arg-type]


def full() -> Report:
    """A report in which every field holds something."""
    caveat = Caveat("unpriced", "db.query", "db.query has no price")
    side = Side(
        label="head", git_sha="ab", dirty=True, created_at="2026-11-20T00:00:00Z", environment=Environment(cpu_limit=Decimal("1.5"))
    )
    route = RouteResult(
        name="/a",
        verdict=FAIL,
        base_cost=Decimal("4E-7"),
        head_cost=Decimal("0.0000024"),
        delta=Decimal("0.000002"),
        ratio=Decimal(5),
        ratio_low=Decimal("4.9"),
        limit=Decimal("0.08"),
        quantity_effect=Decimal("0.000002"),
        price_effect=Decimal(0),
        residual=Decimal(0),
        units=Decimal("12.5"),
        requests_per_month=10,
        meters=(MeterChange(meter="aws.s3.get", unit="{request}", base=Decimal(1), head=Decimal(6), labels={"bucket": "b"}),),
        causes=(Cause(text="+5 S3 GETs", meter="aws.s3.get", unit="{request}", amount=Decimal(5), location=Location("a.py", 41)),),
        notes=("note",),
        caveats=(caveat,),
    )
    return Report(
        verdict=FAIL,
        summary="fail: /a",
        currency="USD",
        pricebook=PriceBookRef(version="7"),
        head=side,
        base=side,
        routes=(route,),
        budgets=(BudgetResult(kind="regression", route="/a", verdict=FAIL, limit=Decimal("0.08"), value=None, text="text"),),
        findings=(
            Finding(rule="route-regression", severity=Severity.ERROR, message="m", location=Location("a.py", 41), monthly=Decimal(80)),
        ),
        caveats=(caveat,),
        monthly_delta=Decimal("0.00002"),
        codeops="0.1.0",
    )


def test_the_published_schema_is_the_one_of_the_type() -> None:
    """`make schemas` rewrites it."""
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == json.loads(json.dumps(schema()))


def test_a_report_satisfies_its_schema_and_comes_back_equal() -> None:
    text = render(full())

    jsonschema.validate(json.loads(text), json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert parse(text, "report.json") == full()


def test_the_schema_refuses_what_is_no_report() -> None:
    broken = json.loads(render(full())) | {"verdict": "maybe"}

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, json.loads(SCHEMA.read_text(encoding="utf-8")))

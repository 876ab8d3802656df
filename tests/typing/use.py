"""How people use CodeOps from their own code: `make types` checks it, nothing runs it."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import assert_type

import pytest

import codeops
from codeops.core.report import Report, Verdict
from codeops.report import json as report_json


@pytest.mark.cost(route="/v1/report")
def test_report_cost(cost: Callable[..., object]) -> None:
    cost(sorted, [3, 1, 2], reverse=True)


def charge(customer: str) -> None:
    codeops.record("stripe.charge", 1, tenant=customer)
    codeops.record("bytes.archived", Decimal("1.5"), unit="GiB")
    assert_type(codeops.__version__, str)


def serve() -> None:
    codeops.instrument("pricebook.toml", labels={"team": "search"}, tenant=codeops.Tenant(header="x-tenant-id", required=True))
    with codeops.span("render", team="search"):
        charge("acme")
    with codeops.job("import", unit="record") as job:
        job.units += 5
    codeops.bind(charge)("acme")
    for row in codeops.collect():
        assert_type(row.usage, dict[str, float])
        assert_type(row.cost, float | None)
    codeops.uninstrument()


@codeops.span("refresh")
async def refresh(name: str) -> int:
    await asyncio.sleep(0)
    return len(name)


def is_too_dear(path: str, text: str) -> bool:
    report = report_json.parse(text, path)
    assert_type(report, Report)
    return report.verdict is Verdict.FAIL

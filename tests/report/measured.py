"""A report as the gate writes it for two trees that were measured in one job: pairs, a doubt, other prices and other traffic."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from codeops.core.budget import Budget
from codeops.core.cost import Caveat
from codeops.core.money import Quantity
from codeops.core.price import Price, Tier
from codeops.core.pricebook import PriceBook
from codeops.core.report import Report
from codeops.core.snapshot import Environment, MeterUsage, RouteUsage, Site, Snapshot, SnapshotMeta
from codeops.gate import judge
from codeops.gate.evidence import Evidence, Pairs

__all__ = ["measured"]

_PRICES = (("aws.s3.get", "0.0004", "1000 {request}"), ("compute.cpu", "0.0344", "vCPU.h"), ("compute.memory", "0.0038", "GiB.h"))


def _book(version: str, gets: str) -> PriceBook:
    prices = [
        Price(meter=meter, per=Quantity.parse(per), tiers=(Tier(Decimal(gets if meter == "aws.s3.get" else amount)),), currency="USD")
        for meter, amount, per in _PRICES
    ]
    return PriceBook(version=version, currency="USD", prices=tuple(prices), digest=f"sha256:{version.replace('-', '')}")


def _usage(meter: str, unit: str, mean: str, *sites: Site, exact: bool = False) -> MeterUsage:
    return MeterUsage(meter=meter, unit=unit, mean=Decimal(mean), samples=72, exact=exact, sites=sites)


def _line(line: int, amount: str, code: str) -> Site:
    return Site(file="app/reports.py", line=line, amount=Decimal(amount), error=Decimal("0.00002"), function="report", code=code)


def _route(gets: str, cpu: str, *sites: Site) -> RouteUsage:
    counted = _usage("aws.s3.get", "{request}", gets, exact=True)
    return RouteUsage(
        usage=(counted, _usage("compute.cpu", "vCPU.s", cpu, *sites), _usage("compute.memory", "GiB.s", "0.0001")), samples=20
    )


def measured(environment: Environment) -> Report:
    """The report of a head that computes more, and of whose base one route does not answer any more."""
    rows, totals = "rows = [dict(row) for row in cursor]", "totals = Counter(row.kind for row in rows)"
    base = {
        "/v1/report": _route("1", "0.00320", _line(41, "0.0021", rows), _line(44, "0.0009", totals)),
        "/v1/list": _route("2", "0.00110"),
    }
    head = {
        "/v1/report": _route("1", "0.00420", _line(43, "0.0031", rows), _line(46, "0.00092", totals)),
        "/v1/list": _route("2", "0.00110"),
        "/v1/export": _route("3", "0.0150"),
    }
    meta = SnapshotMeta(environment=environment, created_at="2026-11-02T09:30:15Z")
    evidence = Evidence(
        pairs={
            "/v1/report": Pairs((0.270, 0.275, 0.268, 0.273, 0.271, 0.274), (0.0, 1e-7, -1e-7, 0.0, 1e-7, 0.0)),
            "/v1/list": Pairs((0.09, 0.01, 0.17), (None, 0.0, 0.0)),
        },
        doubts={"/v1/export": "the base cannot be measured: GET /v1/export answers 500 (app/export.py:12)"},
        notes=[Caveat("dependencies-differ", "", "each side has the dependencies of its own lock file: rich 14.1.0 → 14.2.0")],
        bytecode={"/v1/report": (Decimal(11741), Decimal(15380)), "/v1/list": (Decimal(4041), Decimal(4041))},
    )
    return judge(
        Snapshot(meta=replace(meta, git_sha="b81e22d35c7f4a6901c2d3e4f5a6b7c8d9e0f1a2"), routes=head),
        Snapshot(meta=replace(meta, git_sha="4f0c1d9e7b3a5c68d2e1f00998877665544332211"[:40]), routes=base),
        _book("2026-11-01", "0.0004"),
        Budget(),
        {"/v1/report": 40_000_000, "/v1/list": 5_000_000},
        date(2026, 11, 2),
        evidence=evidence,
        base_book=_book("2026-10-01", "0.00036"),
        base_traffic={"/v1/report": 30_000_000, "/v1/list": 5_000_000},
    )

"""Short ways to write the snapshots and price books that the tests of the gate judge."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from codeops.core.budget import Budget, RouteBudget
from codeops.core.cost import Caveat
from codeops.core.meter import unit_of
from codeops.core.money import Money, Quantity
from codeops.core.price import Price, Tier
from codeops.core.pricebook import PriceBook
from codeops.core.report import Report, RouteResult
from codeops.core.selector import Selector
from codeops.core.snapshot import Environment, MeterUsage, PriceBookRef, RouteUsage, Site, Snapshot, SnapshotMeta
from codeops.gate import judge

AT = date(2026, 11, 20)
HERE = Environment(cpu_model="AMD EPYC 7B13", cpus=2, python="3.11.7")
ELSEWHERE = Environment(cpu_model="Intel Xeon", cpus=2, python="3.11.7")
GET, PUT, QUERY, CPU, MEMORY, EGRESS = "aws.s3.get", "aws.s3.put", "db.query", "compute.cpu", "compute.memory", "network.egress"


def D(text: object) -> Decimal:  # ruff: ignore[invalid-function-name] - short on purpose
    return Decimal(str(text))


def usd(text: object) -> Money:
    return Money(D(text), "USD")


def price(meter: str, amount: str, per: str, when: Mapping[str, str] | None = None, currency: str = "USD") -> Price:
    return Price(meter=meter, per=Quantity.parse(per), tiers=(Tier(D(amount)),), currency=currency, when=Selector.of(dict(when or {})))


def book(*prices: Price, currency: str = "USD", caveats: Sequence[Caveat] = (), version: str = "2026-11") -> PriceBook:
    return PriceBook(version=version, currency=currency, prices=prices, digest="sha256:1", caveats=tuple(caveats))


# One GET costs a cent and one CPU second a dollar, so that figures are read at a glance. Queries have no price.
BOOK = book(price(GET, "10", "1000 {request}"), price(CPU, "3600", "vCPU.h"), price(MEMORY, "1", "GiB.s"), price(EGRESS, "1", "MB"))


def meter(name: str, mean: object, **more: object) -> MeterUsage:
    fields = {"unit": unit_of(name), "samples": 20, "exact": name not in {CPU, MEMORY}}
    return MeterUsage(meter=name, mean=D(mean), **{**fields, **more})  # type: ignore[arg-type]


def site(amount: object, line: int = 41, file: str = "app/reports.py", function: str = "report", code: str = "s3.get_object(key)") -> Site:
    return Site(file=file, line=line, amount=D(amount), function=function, code=code)


def route(*usage: MeterUsage, **more: object) -> RouteUsage:
    return RouteUsage(usage=usage, **{"samples": 20, **more})  # type: ignore[arg-type]


def simple(cost: object, **more: object) -> RouteUsage:
    return RouteUsage(
        cost_usd=None if cost is None else D(cost),
        **{name: value if name in {"kind", "unit"} else D(value) for name, value in more.items()},
    )  # type: ignore[arg-type]


def snapshot(
    routes: Mapping[str, RouteUsage], environment: Environment | None = HERE, labels: Mapping[str, str] | None = None, currency: str = "USD"
) -> Snapshot:
    reference = PriceBookRef(version="2026-10", currency=currency)
    return Snapshot(meta=SnapshotMeta(environment=environment, labels=dict(labels or {}), pricebook=reference), routes=routes)


def one(*usage: MeterUsage, **more: object) -> Snapshot:
    """A snapshot of the route /a."""
    return snapshot({"/a": route(*usage)}, **more)  # type: ignore[arg-type]


def judged(
    head: Snapshot, base: Snapshot | None, budget: Budget | None = None, traffic: Mapping[str, int] | None = None, **more: object
) -> Report:
    prices = more.pop("book", BOOK)
    return judge(head, base, prices, budget or Budget(), traffic or {}, AT, **more)  # type: ignore[arg-type]


def route_of(report: Report, name: str = "/a") -> RouteResult:
    return next(result for result in report.routes if result.name == name)


def own(name: str = "/a", **limits: object) -> Budget:
    """A budget with limits for one route."""
    return Budget(routes={name: RouteBudget(**limits)})  # type: ignore[arg-type]


def rules(report: Report) -> list[str]:
    return sorted(finding.rule for finding in report.findings)

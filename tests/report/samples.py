"""Reports that every format must show truthfully, by name."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from codeops.core.cost import Caveat
from codeops.core.finding import Finding, Severity
from codeops.core.location import Location
from codeops.core.report import BudgetResult, Cause, Change, MeterChange, Report, RouteResult, Side, Verdict
from codeops.core.snapshot import Environment, PriceBookRef
from codeops.core.waiver import Ceiling, Waiver, WaiverResult, WaiverState
from codeops.gate.waiver import apply
from report.measured import measured

MACHINE = Environment(cpu_model="AMD EPYC 7B13", cpus=2, python="3.11.9", libc="glibc 2.36", kernel="6.1.0", machine="x86_64")
BASE = Side(
    git_sha="4f0c1d9e7b3a5c68d2e1f00998877665544332211"[:40],
    label="cost/baseline.json",
    created_at="2026-10-30T08:12:00Z",
    environment=MACHINE,
)
HEAD = Side(git_sha="b81e22d35c7f4a6901c2d3e4f5a6b7c8d9e0f1a2", dirty=True, created_at="2026-11-02T09:30:15Z", environment=MACHINE)
BOOK = PriceBookRef(version="2026-11-01", digest="sha256:9f2c4e1ab0d37c55e8f1", currency="USD")
ATTACKS = (
    "|a|b|",
    "`rm -rf`",
    "``",
    "<script>alert(1)</script>",
    "<!-- hidden -->",
    "</details></table>",
    "<img src=x onerror=alert(1)>",
    "[click](javascript:alert(1))",
    "![pixel](https://evil.example/p.png)",
    "https://evil.example/a www.evil.example <https://evil.example>",
    "@octocat @org/team mail@evil.example #1 org/repo#2",
    "# heading",
    "- item",
    "1. item",
    "line one\nline two\n\n| x |",
    "\x1b[31mred\x1b[0m \x07 \x00",
    "user\u202etxt.exe",
    "\\| \\",
    "&lt;b&gt; &#64;all",
    "**bold** _it_ ~~gone~~ ***",
    "$\\href{https://evil.example}{x}$",
    ":100: a:smile:b",
    "]]> <![CDATA[",
    "\ufffe\ud800",
    "{{ constructor }} %s %n [red]rich[/red] [link=https://evil.example]x[/link]",
)


def D(text: str | int) -> Decimal:  # ruff: ignore[invalid-function-name] - short on purpose
    return Decimal(text)


def report(**changes: object) -> Report:
    fields: dict[str, object] = {
        "verdict": Verdict.PASS,
        "summary": "pass: 2 routes within their budgets",
        "currency": "USD",
        "pricebook": BOOK,
        "head": HEAD,
        "base": BASE,
        "codeops": "0.1.0",
    }
    return Report(**{**fields, **changes})  # type: ignore[arg-type]


def route(name: str, base: str | None, head: str | None, **changes: object) -> RouteResult:
    """A compared route with 40 million requests a month, its ratio and months worked out."""
    base_cost, head_cost = (None if one is None else D(one) for one in (base, head))
    traffic = changes.get("requests_per_month", 40_000_000)
    fields: dict[str, object] = {
        "name": name,
        "base_cost": base_cost,
        "head_cost": head_cost,
        "ratio": head_cost / base_cost - 1 if base_cost and head_cost is not None else None,
        "limit": D("0.08"),
        "samples": 200,
        "requests_per_month": traffic,
        "monthly_base": None if traffic is None or base_cost is None else base_cost * traffic,
        "monthly_head": None if traffic is None or head_cost is None else head_cost * traffic,
    }
    return RouteResult(**{**fields, **changes})  # type: ignore[arg-type]


def waiver(**changes: object) -> Waiver:
    fields: dict[str, object] = {"reason": "the new renderer lands in May, ticket 41", "owner": "payments", "until": date(2026, 12, 31)}
    return Waiver(**{**fields, **changes})  # type: ignore[arg-type]


REPORT_ROUTE = route(
    "/v1/report",
    "0.0000124",
    "0.0000192",
    verdict=Verdict.FAIL,
    delta=D("0.0000068"),
    ratio_low=D("0.512"),
    ratio_high=D("0.585"),
    quantity_effect=D("0.0000068"),
    price_effect=D("0.00000001"),
    residual=D(0),
    meters=(
        MeterChange(
            meter="aws.s3.get", unit="{request}", base=D(1), head=D(6), base_cost=D("0.0000004"), head_cost=D("0.0000024"),
            quantity_effect=D("0.000002"), price_effect=D(0), labels={"region": "us-east-1"},
        ),
        MeterChange(
            meter="compute.cpu", unit="vCPU.s", base=D("0.00113"), head=D("0.00152"), base_cost=D("0.0000118"), head_cost=D("0.0000159"),
            quantity_effect=D("0.0000041"), price_effect=D(0), exact=False, error=D("0.00002"),
        ),
        MeterChange(
            meter="network.egress", unit="By", base=D(2310), head=D(10240), base_cost=D("0.0000002"), head_cost=D("0.0000009"),
            quantity_effect=D("0.0000007"), price_effect=D("0.00000001"),
        ),
    ),
    causes=(
        Cause(
            text="+5 S3 GETs at app/reports.py:41", meter="aws.s3.get", unit="{request}", amount=D(5), cost=D("0.000002"), monthly=D("80.00"),
            location=Location("app/reports.py", 41), code='rows = [s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys]',
            advice="fetch the objects once and keep them, or store them as one object",
        ),
        Cause(
            text="+7.93 kB sent at app/reports.py:58", meter="network.egress", unit="By", amount=D(7930), cost=D("0.0000007"), monthly=D("28.00"),
            location=Location("app/reports.py", 58), code="return JSONResponse([dict(row) for row in rows])",
            advice="send only the columns that the caller reads",
        ),
    ),
    notes=("the change leaves out CPU of another run",),
)  # fmt: skip

FAIL = report(
    verdict=Verdict.FAIL,
    summary="fail: /v1/report costs +54.8 % (limit +8.0 %), +$272.00 a month, and 1 more budget broken",
    monthly_delta=D("272.00"),
    routes=(route("/v1/ingest", "0.0000041", "0.0000041"), REPORT_ROUTE),
    budgets=(
        BudgetResult(kind="regression", route="/v1/ingest", verdict=Verdict.PASS, limit=D("0.08"), value=D(0), text="/v1/ingest: 0.0 % of +8.0 % allowed"),
        BudgetResult(kind="regression", route="/v1/report", verdict=Verdict.FAIL, limit=D("0.08"), value=D("0.548"), text="/v1/report costs +54.8 % (limit +8.0 %)"),
        BudgetResult(kind="monthly_increase", route="", verdict=Verdict.FAIL, limit=D(100), value=D(272), text="the suite: +$272.00 a month, allowed is +$100.00"),
    ),
    findings=(
        Finding(
            rule="route-regression", severity=Severity.ERROR, message="/v1/report costs +54.8 % (limit +8.0 %)", why="$0.0124 before, $0.0192 now for 1,000 requests: +5 S3 GETs at app/reports.py:41; +7.93 kB sent at app/reports.py:58",
            fix="undo the growth named under causes, or raise [budget.routes] on purpose", route="/v1/report", monthly=D(272),
        ),
        Finding(
            rule="usage-grew",
            severity=Severity.WARNING,
            message="/v1/ingest uses more compute.cpu: 0.40 ms CPU → 0.45 ms CPU (+12.5 %)",
            why="it is compared with a stored baseline, so it is a hint and no proof",
            fix="profile it",
            route="/v1/ingest",
            meter="compute.cpu",
        ),
        Finding(
            rule="calls-grew", severity=Severity.WARNING, message="/v1/report: +5 S3 GETs at app/reports.py:41", why="1 call per request before, 6 now",
            fix="fetch the objects once and keep them, or store them as one object", route="/v1/report", meter="aws.s3.get",
            location=Location("app/reports.py", 41), monthly=D(80),
        ),
    ),
    caveats=(Caveat("assumed-region", "aws.s3.get", "aws.s3.get: priced for region us-east-1, which usage does not state"),),
)  # fmt: skip

PASS = report(
    monthly_delta=D("-4.00"),
    routes=(route("/v1/report", "0.0000124", "0.0000123"), route("/v1/ingest", "0.0000041", "0.0000041")),
    budgets=(
        BudgetResult(
            kind="regression",
            route="/v1/report",
            verdict=Verdict.PASS,
            limit=D("0.08"),
            value=D("-0.008"),
            text="/v1/report: -0.8 % of +8.0 % allowed",
        ),
    ),
)

INCONCLUSIVE = report(
    verdict=Verdict.INCONCLUSIVE,
    summary="inconclusive: /v1/report may cost up to 14.0 % more; 60 more rounds would tell",
    monthly_delta=D("44.00"),
    routes=(
        route(
            "/v1/report", "0.0000124", "0.0000135", verdict=Verdict.INCONCLUSIVE, ratio_low=D("0.031"), ratio_high=D("0.14"),
            notes=("60 more rounds would tell",), caveats=(Caveat("other-machine", "/v1/report", "cpu model is AMD EPYC 7B13, was Intel Xeon"),),
        ),
        route("/v1/edge", "0.0000125", "0.000013505", verdict=Verdict.FAIL, requests_per_month=None),
    ),
    budgets=(
        BudgetResult(kind="regression", route="/v1/report", verdict=Verdict.INCONCLUSIVE, limit=D("0.08"), value=D("0.0887"), text="/v1/report: between +3.1 % and +14.0 %, allowed is +8.0 %"),
        BudgetResult(kind="per_1k", route="/v1/edge", verdict=Verdict.INCONCLUSIVE, limit=D("0.0135"), value=None, text="/v1/edge: not known, allowed is $0.0135 per 1,000"),
    ),
)  # fmt: skip

FIRST_RUN = report(
    summary="pass: 1 route measured for the first time",
    base=None,
    head=replace(HEAD, git_sha="", environment=None),
    codeops="",
    routes=(route("/v1/report", None, "0.0000124", change=Change.NEW),),
    monthly_delta=D("496.00"),
)

ADVERSARIAL = report(
    verdict=Verdict.FAIL,
    summary=f"fail: {ATTACKS[3]} {ATTACKS[0]} {ATTACKS[10]}",
    base=replace(BASE, label=ATTACKS[4], git_sha=ATTACKS[7], created_at=ATTACKS[6]),
    pricebook=PriceBookRef(version=ATTACKS[6], digest=ATTACKS[0], currency="<b>"),
    currency="<b>",
    routes=tuple(
        route(
            f"{number} {attack}", "0.00001", "0.00002", verdict=Verdict.FAIL, requests_per_month=1000 * (99 - number), notes=(attack,),
            meters=(MeterChange(meter=attack, unit=attack, base=D(1), head=D(2), base_cost=D("0.00001"), head_cost=D("0.00002")),),
            causes=(Cause(text=attack, meter=attack, unit=attack, amount=D(1), location=Location(attack, 3), code=attack, advice=attack, monthly=D(1)),),
            caveats=(Caveat(attack, attack, attack),),
        )
        for number, attack in enumerate(ATTACKS)
    ),
    budgets=tuple(
        BudgetResult(kind="per_1k", route=attack, verdict=Verdict.FAIL, limit=D(1), value=D(2), text=attack, waived=waiver(reason=attack, owner=attack))
        for attack in ATTACKS
    ),
    waivers=tuple(WaiverResult(waiver=waiver(route=attack, reason=attack, owner=attack), state=WaiverState.HOLDS, text=attack) for attack in ATTACKS),
    findings=tuple(
        Finding(rule=attack, severity=Severity.ERROR, message=attack, why=attack, fix=attack, route=attack, meter="m", location=Location(attack, 7), waived=waiver(reason=attack, owner=attack, location=Location(attack, 2)))
        for attack in ATTACKS
    ),
    caveats=tuple(Caveat("x", attack, attack) for attack in ATTACKS),
)  # fmt: skip

UNPRICED = report(
    summary="pass: at least $12.40 per 1,000 requests of /v1/chat (2 meters unpriced)",
    currency="EUR",
    pricebook=replace(BOOK, currency="EUR", digest=""),
    monthly_delta=D("-496"),
    routes=(
        route(
            "/v1/chat", "0.0124", "0.0124", at_least=True,
            meters=(
                MeterChange(meter="llm.output", unit="{token}", base=D(700), head=D(900), labels={"model": "house-7b"}),
                MeterChange(meter="compute.cpu", unit="vCPU.s", base=D("0.4"), head=D("0.4"), base_cost=D("0.0124"), head_cost=D("0.0124"), exact=False),
            ),
            caveats=(
                Caveat("unpriced", "llm.input", "llm.input has no price: nothing matches model house-7b"),
                Caveat("unpriced", "llm.output", "llm.output has no price: nothing matches model house-7b"),
            ),
        ),
        route("/v1/embed", "0", "0", at_least=True, ratio=None, caveats=(Caveat("unpriced", "llm.input", "llm.input has no price: nothing matches model house-7b"),)),
        route("/v1/static", "0", "0.000000000004", change=Change.ZERO_BASE, requests_per_month=None),
        route("/v1/old", "0.0000124", None, change=Change.GONE),
        route("/v1/lost", "0.0000124", None, requests_per_month=None, notes=("the snapshot holds no cost for it",)),
    ),
)  # fmt: skip

JOB = report(
    summary="pass: 2 jobs within their budgets",
    monthly_delta=D("0.30"),
    routes=(
        route("nightly import", "0.31", "0.32", kind="job", unit="GB", units=D("12.5"), requests_per_month=30),
        route("reindex", "0.00004", "0.00004", kind="job", requests_per_month=30),
        route("/健康/naïve/✓/" + "sehr-lang-" * 12, "0.0000124", "0.0000124", requests_per_month=100),
    ),
)

MANY = report(
    verdict=Verdict.FAIL,
    summary="fail: 1 of 48 routes costs more than allowed",
    monthly_delta=D("188.00"),
    routes=(
        *(route(f"/v1/resource-{number:03}/items/{{id}}", f"0.0000{number + 100}", f"0.0000{number + 101}") for number in range(47)),
        route("/v1/quiet", "0.000001", "0.000002", verdict=Verdict.FAIL, requests_per_month=None),
    ),
)

WAIVED = apply(
    FAIL,
    (
        waiver(route="/v1/report", ceiling=Ceiling(kind="regression", amount=D("0.6")), location=Location("cost/waivers.toml", 1, 1)),
        waiver(rule="monthly-increase", owner="finance", reason="agreed for the quarter", location=Location("cost/waivers.toml", 8, 1)),
        waiver(
            route="/v1/*", ceiling=Ceiling(kind="per_1k", amount=D("0.01"), currency="USD"), location=Location("cost/waivers.toml", 14, 1)
        ),
        waiver(route="/v1/ingest", location=Location("cost/waivers.toml", 21, 1)),
        waiver(route="/v1/repot", location=Location("cost/waivers.toml", 27, 1)),
    ),
    date(2026, 11, 2),
)

EXPIRED = apply(
    PASS, (waiver(route="/v1/report", until=date(2026, 11, 1), location=Location("cost/waivers.toml", 1, 1)),), date(2026, 11, 2)
)

SAMPLES: dict[str, Report] = {
    "pass": PASS,
    "fail": FAIL,
    "inconclusive": INCONCLUSIVE,
    "first-run": FIRST_RUN,
    "adversarial": ADVERSARIAL,
    "unpriced": UNPRICED,
    "job": JOB,
    "many": MANY,
    "waived": WAIVED,
    "expired": EXPIRED,
    "measured": replace(measured(MACHINE), codeops="0.1.0"),
}

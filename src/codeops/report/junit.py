"""The report as JUnit XML, for the test tabs of CI systems: a case per route and budget, and per finding that none of them tells.

A broken budget or failing finding is a failure. An open verdict is an error, not a skip: dashboards show a skip as
if nothing were amiss, and an open verdict is no pass. What a waiver lets pass is a skip that says so.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree as ET  # ruff: ignore[suspicious-xml-etree-import] - XML is written here, never read

from codeops.core import figure
from codeops.core.finding import Severity
from codeops.core.report import Report, RouteResult, Verdict
from codeops.report import _doubts, _view
from codeops.report._plain import clean

__all__ = ["SUFFIX", "render"]

SUFFIX = ".xml"
"""The ending of files in this format."""


@dataclass(frozen=True, slots=True)
class _Case:
    name: str
    verdict: Verdict
    message: str
    lines: tuple[str, ...]
    waived: str = ""


def render(report: Report) -> str:
    """The report as JUnit XML."""
    root = ET.Element("testsuites", name="codeops")
    suites = (("routes", list(_routes(report))), ("budgets", list(_budgets(report))), ("findings", list(_findings(report))))
    for name, cases in suites:
        root.append(_suite(name, cases, report))
    for key in ("tests", "failures", "errors", "skipped"):
        root.set(key, str(sum(int(suite.get(key, "0")) for suite in root)))
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _suite(name: str, cases: list[_Case], report: Report) -> ET.Element:
    counts = {verdict: sum(case.verdict is verdict and not case.waived for case in cases) for verdict in Verdict}
    suite = ET.Element(
        "testsuite",
        name=f"codeops.{name}",
        tests=str(len(cases)),
        failures=str(counts[Verdict.FAIL]),
        errors=str(counts[Verdict.INCONCLUSIVE]),
        skipped=str(sum(bool(case.waived) for case in cases)),
    )
    if name == "routes":
        properties = ET.SubElement(suite, "properties")
        facts = [
            ("verdict", report.verdict.value),
            ("summary", _view.headline(report)),
            ("impact", _view.impact(report)),
            *_view.facts(report),
            *(("waiver", f"{result.state.value}: {_view.standing(result)}") for result in report.waivers),
        ]
        for key, value in facts:
            ET.SubElement(properties, "property", name=key.lower(), value=clean(value))
    for case in cases:
        suite.append(_element(name, case))
    if name == "routes" and (caveats := _doubts.told(report)):
        lines = (f"{caveat.kind}: {f'{route}: ' if route else ''}{caveat.text}" for route, caveat in caveats)
        ET.SubElement(suite, "system-out").text = _text(("caveats", *lines))
    return suite


def _element(suite: str, case: _Case) -> ET.Element:
    element = ET.Element("testcase", classname=f"codeops.{suite}", name=clean(case.name) or "(no name)")
    if case.waived:
        ET.SubElement(element, "skipped", message=clean(case.waived))
    if case.waived or case.verdict is Verdict.PASS:
        ET.SubElement(element, "system-out").text = _text(case.lines)
        return element
    kind, name = ("failure", "budget") if case.verdict is Verdict.FAIL else ("error", "inconclusive")
    problem = ET.SubElement(element, kind, type=name, message=clean(case.message))
    problem.text = _text(case.lines)
    return element


def _text(lines: tuple[str, ...]) -> str:
    return "\n".join(clean(line) for line in lines)


def _routes(report: Report) -> Iterator[_Case]:
    for route in _view.by_money(report.routes):
        cells = _view.row(route, report.currency)
        per = "" if _view.per(route) else f" ({figure.symbol(report.currency).strip()} per 1,000 requests)"
        message = f"{cells.base} → {cells.head}{per}, {cells.delta}"
        month = () if cells.month == _view.NOT_KNOWN else (f"{cells.month} a month at current traffic",)
        lines = (message, *month, *cells.notes, *_causes(route, report.currency))
        yield _Case(route.name, route.verdict, message, lines, _let_pass(route, report))


def _let_pass(route: RouteResult, report: Report) -> str:
    """Under which waivers all that is broken or open of a route counts for nothing; empty where some of it counts."""
    budgets = [one for one in report.budgets if one.route == route.name and one.verdict is not Verdict.PASS]
    return "; ".join(dict.fromkeys(map(_view.waived, budgets))) if all(one.waived for one in budgets) else ""


def _causes(route: RouteResult, currency: str) -> Iterator[str]:
    for cause in route.causes:
        stake = _view.stake(route, cause, currency)
        yield "".join(_view.placed(cause.text, cause.location)) + (f", {stake}" if stake else "")
        yield from (f"  {text}" for text in (cause.code, cause.advice) if text)


def _budgets(report: Report) -> Iterator[_Case]:
    for budget in _view.budgets(report):
        yield _Case(f"{budget.kind} {budget.route or 'suite'}", budget.verdict, budget.text, (budget.text,), _view.waived(budget))


def _findings(report: Report) -> Iterator[_Case]:
    told = {budget.text for budget in report.budgets}
    for one in (one for one in _view.findings(report) if one.message not in told):
        verdict = Verdict.FAIL if one.severity is Severity.ERROR else Verdict.PASS
        place = str(one.location) if one.location else ""
        lines = tuple(line for line in (one.message, place, one.why, one.fix) if line)
        yield _Case(f"{one.severity.value} {one.rule}: {one.message}", verdict, one.message, lines, _view.waived(one))

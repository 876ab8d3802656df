"""The report as SARIF 2.1.0, for code scanning: each finding and cause at its line, with its money.

Source: SARIF 2.1.0, OASIS Standard of 2020-03-27, read 2026-08; sections 3.27 (result), 3.28 (location), 3.49 (rule).
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from codeops.core.finding import Finding, Severity
from codeops.core.location import Location
from codeops.core.report import Report, Side
from codeops.core.snapshot import PriceBookRef
from codeops.document.encoding import encode
from codeops.report import _doubts, _view
from codeops.report._plain import clean

__all__ = ["SUFFIX", "render"]

SUFFIX = ".sarif"
"""The ending of files in this format."""

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_HOME = "https://github.com/codeops/codeops"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_CAUSE = "calls-grew"  # the rule of a cause that no finding tells
_HOME_FILE = Location("codeops.toml")  # where budgets stand: code scanning refuses a log with a result that has no file
_DRIVE = re.compile(r"[A-Za-z]:/")


@dataclass(frozen=True, slots=True)
class _Issue:
    """A finding, where it is shown, and the code of that line where a cause knows it."""

    finding: Finding
    place: Location
    code: str


def render(report: Report) -> str:
    """The report as a SARIF log with one run."""
    issues = list(_issues(report))
    rules = list(dict.fromkeys(issue.finding.rule for issue in issues))
    run = {
        "tool": {
            "driver": {
                "name": "CodeOps",
                "informationUri": _HOME,
                **({"version": report.codeops} if report.codeops else {}),
                "rules": [_rule(rule, issues) for rule in rules],
            }
        },
        "automationDetails": {"id": "codeops/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": list(_notifications(report))}],
        "results": list(_results(issues, rules, report)),
        "properties": _properties(report),
    }
    return encode({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _issues(report: Report) -> Iterator[_Issue]:
    causes = _view.causes(report)
    code = {(route.name, cause.meter, cause.location): cause.code for route, cause in causes}
    told = {(one.route, one.meter, one.location) for one in report.findings if one.location}
    first = {route.name: cause.location for route, cause in reversed(causes) if cause.location}
    for one in report.findings:
        place = one.location if one.location and one.location.path else first.get(one.route) or _HOME_FILE
        yield _Issue(one, place, code.get((one.route, one.meter, one.location), ""))
    for route, cause in causes:
        if (route.name, cause.meter, cause.location) not in told:
            found = Finding(
                rule=_CAUSE,
                severity=Severity.WARNING,
                message=cause.text,
                fix=cause.advice,
                route=route.name,
                meter=cause.meter,
                location=cause.location,
                monthly=cause.monthly,
                waived=next((budget.waived for budget in report.budgets if budget.route == route.name and budget.waived), None),
            )
            yield _Issue(found, cause.location or _HOME_FILE, cause.code)


def _rule(rule: str, issues: list[_Issue]) -> dict[str, Any]:
    first = next(issue.finding for issue in issues if issue.finding.rule == rule)
    words = clean(rule).replace("-", " ") or "finding"
    help_text = clean(first.fix) or "See the report for what changed and what it costs."
    return {
        "id": clean(rule) or "finding",
        "name": "".join(word.capitalize() for word in words.split()),
        "shortDescription": {"text": f"{words.capitalize()}."},
        "fullDescription": {"text": clean(first.why) or f"{words.capitalize()}: the change costs more than before."},
        "help": {"text": help_text},
        "defaultConfiguration": {"level": _LEVELS[first.severity]},
        "properties": {"tags": ["cost"]},
    }


def _results(issues: list[_Issue], rules: list[str], report: Report) -> Iterator[dict[str, Any]]:
    seen: Counter[str] = Counter()
    for issue in issues:
        one = issue.finding
        print_ = _fingerprint(issue)
        seen[print_] += 1
        parts = (one.message, one.why, f"To fix: {one.fix}" if one.fix else "")
        yield {
            "ruleId": clean(one.rule) or "finding",
            "ruleIndex": rules.index(one.rule),
            "level": _LEVELS[one.severity],
            "message": {"text": " ".join(f"{clean(part).rstrip('.')}." for part in parts if part) or "finding"},
            "locations": [_location(issue)],
            "partialFingerprints": {"codeopsFinding/v1": f"{print_}:{seen[print_]}"},
            **({"suppressions": list(_suppressions(one))} if report.waivers else {}),
            "properties": _stake(one, report.currency),
        }


def _suppressions(finding: Finding) -> Iterator[dict[str, Any]]:
    """The waiver of a finding; either all results of a run have a list of them, or none (section 3.27.23)."""
    if finding.waived:
        place = finding.waived.location or _HOME_FILE
        yield {
            "kind": "external",
            "status": "accepted",
            "justification": clean(_view.waived(finding)),
            "location": {"physicalLocation": _physical(place)},
        }


def _fingerprint(issue: _Issue) -> str:
    """What stays the same when the lines above move: rule, route, meter, file and the text of the line."""
    one = issue.finding
    words = (one.rule, one.route, one.meter, _path(issue.place), " ".join(issue.code.split()))
    return sha256("\0".join(words).encode("utf-8", "replace")).hexdigest()[:32]


def _location(issue: _Issue) -> dict[str, Any]:
    route = clean(issue.finding.route) or "suite"
    return {"physicalLocation": _physical(issue.place), "logicalLocations": [{"fullyQualifiedName": route, "kind": "resource"}]}


def _physical(place: Location) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": _artifact(place)}
    if place.line > 0:
        physical["region"] = {"startLine": place.line, **({"startColumn": place.column} if place.column > 0 else {})}
    return physical


def _artifact(place: Location) -> dict[str, str]:
    path = _path(place)
    if path.startswith("/") or _DRIVE.match(path):
        return {"uri": f"file:///{quote(path.lstrip('/'), safe='/:', errors='replace')}"}
    return {"uri": quote(path, errors="replace"), "uriBaseId": "%SRCROOT%"}


def _path(place: Location) -> str:
    return place.path.replace("\\", "/").removeprefix("./")


def _stake(finding: Finding, currency: str) -> dict[str, Any]:
    money = {} if finding.monthly is None else {"monthly": finding.monthly, "currency": currency}
    names = {name: clean(value) for name, value in (("route", finding.route), ("meter", finding.meter)) if value}
    return {**names, **money}


def _notifications(report: Report) -> Iterator[dict[str, Any]]:
    for name, caveat in _doubts.told(report):
        yield {
            "level": "note",
            "descriptor": {"id": clean(caveat.kind) or "caveat"},
            "message": {"text": clean(f"{name}: {caveat.text}" if name else caveat.text) or "caveat"},
        }


def _properties(report: Report) -> dict[str, Any]:
    """What code scanning does not show and other tools want: verdict, routes, budgets, commits."""
    routes = [
        _known(
            {
                "name": clean(route.name),
                "kind": route.kind,
                "change": route.change.value,
                "verdict": route.verdict.value,
                "baseCost": route.base_cost,
                "headCost": route.head_cost,
                "ratio": route.ratio,
                "atLeast": route.at_least,
                "monthlyDelta": route.monthly_delta,
            }
        )
        for route in _view.by_money(report.routes)
    ]
    return _known(
        {
            "verdict": report.verdict.value,
            "summary": clean(report.summary),
            "currency": clean(report.currency),
            "monthlyDelta": report.monthly_delta,
            "monthlyPriceEffect": report.monthly_price_effect,
            "monthlyTrafficEffect": report.monthly_traffic_effect,
            "pricebook": _book(report.pricebook),
            "base": _side(report.base) if report.base else None,
            "head": _side(report.head),
            "routes": routes,
            "waivers": [{"state": one.state.value, "text": clean(_view.standing(one))} for one in report.waivers] or None,
            "budgets": [{"verdict": budget.verdict.value, "text": clean(budget.text)} for budget in _view.budgets(report)],
        }
    )


def _side(side: Side) -> dict[str, Any]:
    book = _book(side.pricebook) if side.pricebook else None
    return _known(
        {"commit": clean(side.git_sha) or None, "dirty": side.dirty, "createdAt": clean(side.created_at) or None, "pricebook": book}
    )


def _book(book: PriceBookRef) -> dict[str, str]:
    return _known({"version": clean(book.version), "digest": clean(book.digest) or None})


def _known(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields that are known: what is not is absent."""
    return {name: value for name, value in fields.items() if value is not None}

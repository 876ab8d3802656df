"""SARIF against the parts of the 2.1.0 schema that we use, written out here; the whole schema is not ours to ship."""

import json
from dataclasses import replace
from typing import Any

import jsonschema
import pytest

from codeops.core.finding import Finding, Severity
from codeops.core.location import Location
from codeops.core.report import Cause, Report
from codeops.core.waiver import WaiverResult, WaiverState
from codeops.report import sarif
from report.samples import ADVERSARIAL, FAIL, REPORT_ROUTE, SAMPLES, D, report, route, waiver


def exactly(required: str, **properties: object) -> dict[str, Any]:
    return {"type": "object", "required": required.split(), "properties": properties, "additionalProperties": False}


def several(items: object, **more: object) -> dict[str, Any]:
    return {"type": "array", "items": items, **more}


TEXT = {"type": "string", "minLength": 1}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
MESSAGE = exactly("text", text=TEXT)
BAG = {"type": "object", "properties": {"tags": several(TEXT, uniqueItems=True)}}
FROM_1 = {"type": "integer", "minimum": 1}
URI = {"type": "string", "format": "uri-reference", "pattern": r"^[!-~]+$"}
PLACE = exactly(
    "artifactLocation",
    artifactLocation=exactly("uri", uri=URI, uriBaseId=TEXT),
    region=exactly("startLine", startLine=FROM_1, startColumn=FROM_1),
)
RULE = exactly(
    "id shortDescription fullDescription help",
    id=TEXT,
    name=TEXT,
    shortDescription=MESSAGE,
    fullDescription=MESSAGE,
    help=MESSAGE,
    defaultConfiguration=exactly("level", level=LEVEL),
    properties=BAG,
)
RESULT = exactly(
    "ruleId ruleIndex level message locations partialFingerprints",
    ruleId=TEXT,
    ruleIndex={"type": "integer", "minimum": 0},
    level=LEVEL,
    message=MESSAGE,
    locations=several(
        exactly(
            "physicalLocation",
            physicalLocation=PLACE,
            logicalLocations=several(exactly("fullyQualifiedName kind", fullyQualifiedName=TEXT, kind=TEXT)),
        ),
        minItems=1,
        maxItems=1,
    ),
    suppressions=several(
        exactly(
            "kind status justification location",
            kind={"enum": ["inSource", "external"]},
            status={"enum": ["accepted", "underReview", "rejected"]},
            justification=TEXT,
            location=exactly("physicalLocation", physicalLocation=PLACE),
        )
    ),
    partialFingerprints={"type": "object", "additionalProperties": {"type": "string"}},
    properties=BAG,
)
NOTE = exactly("message", level=LEVEL, descriptor=exactly("id", id=TEXT), message=MESSAGE)
RUN = exactly(
    "tool results",
    tool=exactly(
        "driver", driver=exactly("name rules", name=TEXT, version=TEXT, informationUri=TEXT, rules=several(RULE, uniqueItems=True))
    ),
    automationDetails=exactly("id", id=TEXT),
    columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    invocations=several(exactly("executionSuccessful", executionSuccessful={"type": "boolean"}, toolExecutionNotifications=several(NOTE))),
    results=several(RESULT),
    properties=BAG,
)
SCHEMA = exactly("version runs", **{"$schema": TEXT, "version": {"const": "2.1.0"}, "runs": several(RUN, minItems=1)})


def run_of(one: Report) -> dict[str, Any]:
    log = json.loads(sarif.render(one))
    jsonschema.validate(log, SCHEMA)
    return log["runs"][0]


def finding(**changes: object) -> Finding:
    fields: dict[str, object] = {"rule": "r", "severity": Severity.ERROR, "message": "x", "route": "/v1/report", "meter": "aws.s3.get"}
    return Finding(**{**fields, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("name", SAMPLES)
def test_a_log_follows_the_schema_and_each_result_names_its_rule(name: str) -> None:
    run = run_of(SAMPLES[name])

    rules = run["tool"]["driver"]["rules"]
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])


def test_what_is_waived_is_suppressed_with_its_reason_and_place_and_nothing_else_is() -> None:
    found = {result["ruleId"]: result["suppressions"] for result in run_of(SAMPLES["waived"])["results"]}

    assert found["route-regression"] == [
        {
            "kind": "external",
            "status": "accepted",
            "justification": "waived until 2026-12-31 by payments: the new renderer lands in May, ticket 41",
            "location": {
                "physicalLocation": {
                    "artifactLocation": {"uri": "cost/waivers.toml", "uriBaseId": "%SRCROOT%"},
                    "region": {"startLine": 1, "startColumn": 1},
                }
            },
        }
    ]
    assert found["calls-grew"]
    assert found["usage-grew"] == found["waiver-unused"] == []


def test_a_waiver_without_a_place_is_shown_at_the_configuration() -> None:
    one = report(findings=(finding(waived=waiver()),), waivers=(WaiverResult(waiver=waiver(), state=WaiverState.HOLDS, text="x"),))

    place = run_of(one)["results"][0]["suppressions"][0]["location"]["physicalLocation"]

    assert place["artifactLocation"]["uri"] == "codeops.toml"


def test_without_a_waiver_nothing_is_said_about_suppressions() -> None:
    assert all("suppressions" not in result for result in run_of(FAIL)["results"])


def test_the_schema_of_this_test_refuses_what_is_wrong() -> None:
    log = json.loads(sarif.render(FAIL))
    log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] = 0

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(log, SCHEMA)


@pytest.mark.parametrize(("severity", "level"), [(Severity.ERROR, "error"), (Severity.WARNING, "warning"), (Severity.INFO, "note")])
def test_the_severity_becomes_the_level(severity: Severity, level: str) -> None:
    assert run_of(report(findings=(finding(severity=severity),)))["results"][0]["level"] == level


@pytest.mark.parametrize(
    ("location", "artifact", "region"),
    [
        (Location("app/a b.py", 3, 7), {"uri": "app/a%20b.py", "uriBaseId": "%SRCROOT%"}, {"startLine": 3, "startColumn": 7}),
        (Location("./app/a.py", 3), {"uri": "app/a.py", "uriBaseId": "%SRCROOT%"}, {"startLine": 3}),
        (Location("app\\a.py"), {"uri": "app/a.py", "uriBaseId": "%SRCROOT%"}, None),
        (Location("/srv/a.py", -1), {"uri": "file:///srv/a.py"}, None),
        (Location("C:\\a.py", 1), {"uri": "file:///C:/a.py"}, {"startLine": 1}),
        (Location("健.py", 1), {"uri": "%E5%81%A5.py", "uriBaseId": "%SRCROOT%"}, {"startLine": 1}),
        (None, {"uri": "codeops.toml", "uriBaseId": "%SRCROOT%"}, None),  # code scanning refuses a log with a result without a file
        (Location(""), {"uri": "codeops.toml", "uriBaseId": "%SRCROOT%"}, None),
    ],
)
def test_a_place_is_a_uri_and_lines_count_from_one(
    location: Location | None, artifact: dict[str, str], region: dict[str, int] | None
) -> None:
    place = run_of(report(findings=(finding(location=location),)))["results"][0]["locations"][0]["physicalLocation"]

    assert place["artifactLocation"] == artifact
    assert place.get("region") == region


def test_a_finding_without_a_place_stands_at_the_dearest_cause_of_its_route() -> None:
    result = run_of(FAIL)["results"][0]

    assert result["ruleId"] == "route-regression"
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 41}


def test_a_cause_that_no_finding_tells_is_a_result_and_one_that_is_told_is_not() -> None:
    lines = [result["locations"][0]["physicalLocation"].get("region", {}).get("startLine") for result in run_of(FAIL)["results"]]

    assert sorted(lines, key=str) == [41, 41, 58, None]


def shifted(one: Report, by: int) -> Report:
    def moved(place: Location | None) -> Location | None:
        return replace(place, line=place.line + by) if place else None

    routes = tuple(
        replace(each, causes=tuple(replace(cause, location=moved(cause.location)) for cause in each.causes)) for each in one.routes
    )
    return replace(one, routes=routes, findings=tuple(replace(each, location=moved(each.location)) for each in one.findings))


def fingerprints(one: Report) -> list[str]:
    return [result["partialFingerprints"]["codeopsFinding/v1"] for result in run_of(one)["results"]]


def test_fingerprints_stay_when_lines_shift_and_figures_change() -> None:
    moved = shifted(FAIL, 17)
    again = replace(moved, findings=tuple(replace(one, message=f"{one.message}!", monthly=D(1)) for one in moved.findings))

    assert fingerprints(again) == fingerprints(FAIL)


def test_fingerprints_differ_by_code_and_are_never_the_same_twice() -> None:
    first, second = REPORT_ROUTE.causes
    other = replace(FAIL, routes=(replace(REPORT_ROUTE, causes=(replace(first, code="other()"), second)),))
    twice = report(findings=(finding(), finding()))

    assert fingerprints(other) != fingerprints(FAIL)
    assert len(set(fingerprints(twice))) == 2


def test_money_is_a_number_in_the_properties_and_absent_where_not_known() -> None:
    results = run_of(FAIL)["results"]

    assert results[0]["properties"] == {"route": "/v1/report", "monthly": 272, "currency": "USD"}
    assert "monthly" not in results[1]["properties"]


def test_every_rule_comes_with_help() -> None:
    rule = run_of(report(findings=(finding(rule="calls-grew", fix="cache it"),)))["tool"]["driver"]["rules"][0]

    assert (rule["id"], rule["name"], rule["help"]["text"]) == ("calls-grew", "CallsGrew", "cache it")
    assert rule["shortDescription"]["text"] == "Calls grew."


def test_what_is_empty_is_still_valid() -> None:
    cause = Cause(text="grew", meter="m", unit="By", amount=D(1))
    run = run_of(report(codeops="", findings=(finding(rule="", message="", route=""),), routes=(route("r", "1", "2", causes=(cause,)),)))

    assert [result["ruleId"] for result in run["results"]] == ["finding", "calls-grew"]


def test_caveats_are_notifications_and_routes_are_properties() -> None:
    run = run_of(FAIL)

    assert run["invocations"][0]["toolExecutionNotifications"][0]["descriptor"] == {"id": "assumed-region"}
    assert [one["name"] for one in run["properties"]["routes"]] == ["/v1/report", "/v1/ingest"]


def test_hostile_rules_keep_their_own_ids() -> None:
    run = run_of(ADVERSARIAL)

    assert len({rule["id"] for rule in run["tool"]["driver"]["rules"]}) >= len(ADVERSARIAL.findings)

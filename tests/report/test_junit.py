from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeops.core.finding import Finding, Severity
from codeops.core.location import Location
from codeops.core.report import Report, Verdict
from codeops.report import junit
from report.samples import FAIL, INCONCLUSIVE, SAMPLES, report, route


def suites(one: Report) -> dict[str, ET.Element]:
    return {suite.get("name", ""): suite for suite in ET.fromstring(junit.render(one).encode())}


@pytest.mark.parametrize("name", SAMPLES)
def test_the_counts_are_the_cases(name: str) -> None:
    root = ET.fromstring(junit.render(SAMPLES[name]).encode())

    for element in (root, *root):
        assert int(element.get("tests", "")) == len(list(element.iter("testcase")))
        assert int(element.get("failures", "")) == len(list(element.iter("failure")))
        assert int(element.get("errors", "")) == len(list(element.iter("error")))


def test_each_route_and_each_budget_is_a_case() -> None:
    found = suites(FAIL)

    assert [case.get("name") for case in found["codeops.routes"].iter("testcase")] == ["/v1/report", "/v1/ingest"]
    assert len(list(found["codeops.budgets"].iter("testcase"))) == len(FAIL.budgets)


def test_a_failure_says_how_much_and_where() -> None:
    failure = next(suites(FAIL)["codeops.routes"].iter("failure"))

    assert failure.get("message") == "$0.0124 → $0.0192 ($ per 1,000 requests), +54.8 %"
    assert "+5 S3 GETs at app/reports.py:41, +$80.00 a month" in (failure.text or "")


def test_an_open_verdict_is_an_error_and_never_a_pass() -> None:
    case = next(suites(INCONCLUSIVE)["codeops.routes"].iter("testcase"))

    assert [(child.tag, child.get("type")) for child in case] == [("error", "inconclusive")]
    assert "60 more rounds would tell" in (case[0].text or "")


def test_a_finding_that_a_budget_or_a_cause_tells_is_no_case_of_its_own() -> None:
    names = [case.get("name") for case in suites(FAIL)["codeops.findings"].iter("testcase")]

    assert names == ["warning usage-grew: /v1/ingest uses more compute.cpu: 0.40 ms CPU → 0.45 ms CPU (+12.5 %)"]


def test_only_an_error_among_findings_is_a_failure() -> None:
    findings = tuple(Finding(rule="r", severity=severity, message="x", location=Location("a.py", 2)) for severity in Severity)

    cases = list(suites(report(findings=findings))["codeops.findings"].iter("testcase"))

    assert [case[0].tag for case in cases] == ["failure", "system-out", "system-out"]
    assert "a.py:2" in (cases[0][0].text or "")


def test_a_case_without_a_name_is_said() -> None:
    case = next(suites(report(routes=(route("\n", "1", "2"),)))["codeops.routes"].iter("testcase"))

    assert case.get("name") == "(no name)"


@given(st.text(st.characters()))
def test_any_text_is_valid_xml(text: str) -> None:
    one = route(text, "1", "2", verdict=Verdict.FAIL, notes=(text,))

    found = ET.fromstring(junit.render(report(summary=text, routes=(one,))).encode())

    assert found.get("failures") == "1"

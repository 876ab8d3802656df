"""What every report format promises, over every fixture report; golden pages are rewritten by `make golden`."""

import html
import os
import re
from pathlib import Path

import pytest

from codeops.core.report import Report
from codeops.discovery import load, names
from codeops.report._plain import clean
from report.samples import ADVERSARIAL, REPORT_ROUTE, SAMPLES

GOLDEN = Path(__file__).parents[1] / "golden"
DOCS = GOLDEN.parents[1] / "docs" / "report.md"
REWRITE = os.environ.get("CODEOPS_GOLDEN") == "1"
FORMATS = names("codeops.report")
PAIRS = [pytest.param(form, name, id=f"{form}-{name}") for form in FORMATS for name in SAMPLES]
ESCAPED = {"html", "junit", "markdown"}  # formats that write some characters as entities


def rendered(form: str, report: Report) -> str:
    return load("codeops.report", form, needs=("SUFFIX", "render")).render(report)


def words(text: str) -> str:
    """`text` without white space, which formats fold in their own ways, and without marks of escape."""
    return re.sub(r"<br>|[\s\\`\u200b]", "", text)


def readable(form: str, report: Report) -> str:
    """What a page says, without how its format says it."""
    page = rendered(form, report)
    return words(html.unescape(page) if form in ESCAPED else page)


@pytest.mark.parametrize(("form", "name"), PAIRS)
def test_a_page_is_the_golden_page(form: str, name: str) -> None:
    module = load("codeops.report", form)
    path = GOLDEN / form / f"{name}{module.SUFFIX}"

    page = rendered(form, SAMPLES[name])

    if REWRITE:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8")
    assert page == path.read_text(encoding="utf-8"), "read the difference; `make golden` accepts it"


@pytest.mark.parametrize("form", sorted(set(FORMATS) - {"html"}))
def test_the_documentation_shows_the_golden_page_of_each_format(form: str) -> None:
    module = load("codeops.report", form)
    sample = f"````{module.SUFFIX[1:]}\n{rendered(form, SAMPLES['fail'])}````\n"
    start, end = f"<!-- sample {form}: make golden -->\n", "<!-- end -->\n"
    page = DOCS.read_text(encoding="utf-8")
    before, _, rest = page.partition(start)
    shown, _, after = rest.partition(end)

    if REWRITE:
        DOCS.write_text(f"{before}{start}{sample}{end}{after}", encoding="utf-8")
        shown = sample
    assert shown == sample, "read the difference; `make golden` accepts it"


@pytest.mark.parametrize(("form", "name"), PAIRS)
def test_a_page_is_the_same_each_time_and_ends_with_a_line_break(form: str, name: str) -> None:
    page = rendered(form, SAMPLES[name])

    assert page == rendered(form, SAMPLES[name])
    assert page.endswith("\n")


@pytest.mark.parametrize(("form", "name"), [pair for pair in PAIRS if "adversarial" not in str(pair.id)])
def test_a_page_names_every_route_and_finding_and_the_verdict(form: str, name: str) -> None:
    report = SAMPLES[name]
    told = {cause.location: cause.text for route in report.routes for cause in route.causes}

    page = readable(form, report)

    assert report.verdict.value in page.lower()
    for route in report.routes:
        assert words(route.name)[:15] in page  # a terminal folds what is longer
    for finding in report.findings:
        texts = (finding.message, told.get(finding.location, finding.message))
        assert any(words(text) in page for text in texts), finding.message


@pytest.mark.parametrize("form", sorted(set(FORMATS) - {"json"}))
def test_a_page_names_every_hostile_route(form: str) -> None:
    page = readable(form, ADVERSARIAL) + words(rendered(form, ADVERSARIAL))  # Markdown's code has no entities

    for route in ADVERSARIAL.routes:
        assert words(clean(route.name))[:15].replace('"', "") in page.replace('"', "")


@pytest.mark.parametrize(("form", "name"), PAIRS)
def test_what_is_not_known_is_said_in_words(form: str, name: str) -> None:
    page = rendered(form, SAMPLES[name])

    assert not re.search(r"\bNone\b|\bnan\b|\binf\b|Infinity|NaN", page)


@pytest.mark.parametrize("form", sorted(set(FORMATS) - {"json", "sarif"}))
def test_what_is_not_zero_never_reads_as_zero(form: str) -> None:
    page = rendered(form, SAMPLES["unpriced"])

    assert "at least €12.4000" in re.sub(r"\s+", " ", page)
    assert "€0.000000004" in page
    assert "€0.00 " not in page
    assert "€0.0000 / 1k" not in page
    assert "not priced" in re.sub(r"\s+", " ", page)


@pytest.mark.parametrize("form", FORMATS)
def test_a_page_names_both_commits_and_the_price_book(form: str) -> None:
    page = rendered(form, SAMPLES["fail"])

    for word in ("4f0c1d9e7b3a", "b81e22d35c7f", "2026-11-01"):
        assert word in page


@pytest.mark.parametrize("form", FORMATS)
def test_a_cause_comes_with_its_line_its_money_and_its_advice(form: str) -> None:
    cause = REPORT_ROUTE.causes[0]

    page = readable(form, SAMPLES["fail"])

    assert words(cause.advice) in page
    assert "80" in page
    assert "app/reports.py:41" in page or '"startLine":41' in page


@pytest.mark.parametrize("form", FORMATS)
def test_no_control_character_and_no_reversed_text_reaches_a_page(form: str) -> None:
    page = rendered(form, ADVERSARIAL)

    found = set(re.findall(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069\ufffe\ud800-\udfff]", page))
    assert found <= ({"\u202e", "\ufffe", "\x7f"} if form == "json" else set())
    page.encode()


@pytest.mark.parametrize("form", FORMATS)
def test_a_format_says_the_ending_of_its_files(form: str) -> None:
    assert re.fullmatch(r"\.[a-z]+", load("codeops.report", form).SUFFIX)


@pytest.mark.parametrize("form", FORMATS)
def test_a_page_tells_each_waiver_with_owner_and_reason_and_what_it_lets_pass(form: str) -> None:
    report = SAMPLES["waived"]

    page = readable(form, report)

    assert report.waivers
    for result in report.waivers:
        assert words(result.text) in page
        assert words(result.waiver.owner) in page
        assert words(result.waiver.reason) in page
    assert words("/v1/report costs +54.8 % (limit +8.0 %)") in page


@pytest.mark.parametrize("form", FORMATS)
def test_a_page_tells_an_expired_waiver(form: str) -> None:
    assert words("the waiver for /v1/report ended on 2026-11-01") in readable(form, SAMPLES["expired"])

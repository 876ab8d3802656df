"""The page is read with a real parser of Markdown: what strangers wrote must come out as text."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from codeops.core.cost import Caveat
from codeops.core.finding import Finding, Severity
from codeops.core.location import Location
from codeops.core.report import BudgetResult, Cause, Verdict
from codeops.report import markdown
from report.samples import ADVERSARIAL, ATTACKS, FAIL, SAMPLES, D, report, route

OURS = re.compile(r"<br>|</?sub>|<details><summary>[A-Za-z0-9 ,]+</summary>\n?|</details>\n?")

MATH = re.compile(r"\$(?!\d)")


def tokens(page: str) -> list[Token]:
    blocks = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(page)
    return [token for block in blocks for token in (block, *(block.children or []))]


def visible(page: str) -> str:
    return "\n".join(token.content for token in tokens(page) if token.type == "text")


def assert_harmless(page: str) -> None:
    found = tokens(page)
    kinds = {token.type for token in found}

    assert not kinds & {"link_open", "image", "s_open", "em_open", "fence", "code_block", "hr", "blockquote_open", "ordered_list_open"}, (
        kinds
    )
    for token in found:
        if token.type in {"html_block", "html_inline"}:
            assert not OURS.sub("", token.content).strip(), token.content
    assert sum(token.type == "heading_open" for token in found) == 1
    text = visible(page)
    assert not re.search(r"[@#]\w|://|\bwww\.|:[\w+-]+:|\bGH-\d", text, re.IGNORECASE)
    in_code = sum(len(MATH.findall(token.content)) for token in found if token.type == "code_inline")
    assert len(MATH.findall(page)) == in_code + page.count(" ($/1k) ")


def rows(page: str) -> list[int]:
    """The number of cells in each row of each table."""
    counts, inside = [], 0
    for token in tokens(page):
        if token.type == "tr_open":
            inside = 0
        inside += token.type in {"td_open", "th_open"}
        if token.type == "tr_close":
            counts.append(inside)
    return counts


def hostile(attack: str):
    one = route(
        attack,
        "0.001",
        "0.002",
        verdict=Verdict.FAIL,
        notes=(attack,),
        causes=(Cause(text=attack, meter=attack, unit="By", amount=D(1), location=Location(attack, 3), code=attack, advice=attack),),
    )
    return report(
        summary=attack,
        currency=attack,
        routes=(one,),
        budgets=(BudgetResult(kind="per_1k", route=attack, verdict=Verdict.FAIL, limit=D(1), value=D(2), text=attack),),
        findings=(Finding(rule=attack, severity=Severity.ERROR, message=attack, why=attack, fix=attack),),
        caveats=(Caveat(attack, attack, attack),),
    )


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_only_text(attack: str) -> None:
    page = markdown.render(hostile(attack))

    assert_harmless(page)
    assert set(rows(page)) == {5}


@given(st.text(alphabet="|\\`*_~[]()!<>&#@:/-+=.1aw$ \n\"'", max_size=40) | st.text(max_size=20))
def test_no_text_at_all_is_more_than_text(attack: str) -> None:
    page = markdown.render(hostile(attack))

    assert_harmless(page)
    assert set(rows(page)) == {5}


def test_the_check_itself_sees_an_unescaped_attack() -> None:
    page = markdown.render(FAIL)

    for attack in ("[x](https://evil.example)", "<script>", "@octocat", "![x](y)", "*x*", "https://evil.example", "#1", "a $x$"):
        with pytest.raises(AssertionError):
            assert_harmless(page.replace("the suite", attack))


def test_all_attacks_at_once_break_neither_table_nor_folds() -> None:
    page = markdown.render(ADVERSARIAL)

    assert_harmless(page)
    assert set(rows(page)) == {5}
    blocks = [token.content for token in tokens(page) if token.type == "html_block"]
    assert sum("<details>" in block for block in blocks) == sum("</details>" in block for block in blocks)


def test_a_hidden_key_of_another_comment_cannot_be_forged() -> None:
    assert "<!--" not in markdown.render(ADVERSARIAL)


def test_a_reviewer_reads_verdict_money_and_causes_before_anything_folded() -> None:
    page = markdown.render(FAIL)

    assert page.splitlines()[0].startswith("### ❌ CodeOps: fail · /v1/report costs +54.8 %")
    assert "| Route | Baseline ($/1k) | Current ($/1k) | Δ | Notes |" in page
    order = [
        "### ",
        "**+$272.00 a month at current traffic**",
        "| Route |",
        "`/v1/report`",
        "`/v1/ingest`",
        "+5 S3 GETs at `app/reports.py:41`",
    ]
    order += ["→ fetch the objects once", "**Findings**", "**Budgets**", "<details>", "<sub>Baseline `4f0c1d9e7b3a"]
    places = [page.index(words) for words in order]
    assert places == sorted(places)


def test_many_routes_are_folded_but_a_failing_one_never_is() -> None:
    page = markdown.render(SAMPLES["many"])

    first, _, folded = page.partition("<details>")
    assert "`/v1/quiet`" in first
    assert first.count("| ✅") == 20
    assert "<summary>27 more routes within budget</summary>" in f"<details>{folded}"


def big(routes: int, length: int, causes: int = 3):
    name = "x`|<@" * (length // 5)
    cause = Cause(text=f"+5 {name}", meter="m", unit="By", amount=D(1), location=Location("a.py", 3), code=name, advice=name)
    every = tuple(
        route(
            f"/{number}/{name}",
            "0.001",
            "0.002",
            verdict=Verdict.FAIL if number % 50 == 7 else Verdict.PASS,
            causes=(cause,) * causes,
            notes=(name,),
        )
        for number in range(routes)
    )
    return report(verdict=Verdict.FAIL, summary=f"fail: {name}", routes=every, caveats=(Caveat("k", "a", name),) * 400)


@pytest.mark.parametrize(("routes", "length"), [(1, 10), (60, 10), (400, 20), (400, 400), (2000, 400), (30, 100_000)])
def test_a_page_stays_below_the_limit_and_keeps_its_verdict(routes: int, length: int) -> None:
    page = markdown.render(big(routes, length))

    assert len(page) <= markdown.LIMIT < 65_536
    assert page.startswith("### ❌ CodeOps: fail · x")
    assert "Price book `2026-11-01" in page
    assert page.count("<details>") == page.count("</details>")
    assert_harmless(page)


def test_a_shortened_table_says_so_and_keeps_what_failed() -> None:
    page = markdown.render(big(400, 120))

    assert "more routes; the JSON report has all of them" in page
    assert page.count("| ❌") == 8


def test_eight_hundred_plain_routes_are_all_there() -> None:
    every = tuple(route(f"/v1/r{number}", "0.001", "0.002") for number in range(480))

    page = markdown.render(report(routes=every))

    assert all(f"`/v1/r{number}`" in page for number in range(480))
    assert "the JSON report has all of them" not in page


@pytest.mark.parametrize(
    ("changes", "heading"),
    [
        ({"currency": "EUR"}, "Baseline (€/1k)"),
        ({"currency": "CHF"}, "Baseline (CHF/1k)"),
        ({"currency": "$$"}, "Baseline (&#36;&#36;/1k)"),
    ],
)
def test_the_heading_names_the_currency(changes: dict[str, object], heading: str) -> None:
    assert heading in markdown.render(replace(FAIL, **changes))


def test_a_report_without_routes_has_no_table() -> None:
    assert "| Route |" not in markdown.render(report())


def test_a_name_of_nothing_is_said() -> None:
    assert "(empty)" in markdown.render(report(routes=(route(" \n", "0.001", "0.002"),)))

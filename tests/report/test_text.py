import re
import sys
from io import BytesIO, TextIOWrapper

import pytest

from codeops.core.finding import Finding, Severity
from codeops.core.location import Location
from codeops.core.report import Cause
from codeops.report import text
from report.samples import ADVERSARIAL, FAIL, INCONCLUSIVE, JOB, SAMPLES, D, report, route


@pytest.mark.parametrize("width", [40, 80, 100, 140])
@pytest.mark.parametrize("name", SAMPLES)
def test_no_line_is_wider_than_the_terminal(name: str, width: int) -> None:
    from rich.cells import cell_len

    page = text.render(SAMPLES[name], width)

    assert max(cell_len(line) for line in page.splitlines()) <= width


@pytest.mark.parametrize("width", [60, 80, 140])
def test_a_long_name_folds_and_no_figure_is_lost(width: int) -> None:
    page = text.render(JOB, width)

    for figure in ("$0.0248", "$0.0256", "$0.0124", "+3.2 %", "+$0.30"):
        assert figure in page
    assert "sehr-lang-" * 12 in re.sub(r"\s", "", re.sub(r"\$\S+|0\.0 %", "", page))


def test_figures_too_wide_for_the_terminal_fold_and_keep_every_digit() -> None:
    one = route("/v1/x", "0.00000000000000000000000000000012", "123456789012345678901234567890", requests_per_month=None)

    page = "".join(text.render(report(routes=(one,)), 50).split())

    assert page.count("0") >= 29
    assert "…" not in page


def test_notes_stand_beside_the_figures_where_there_is_room() -> None:
    wide, narrow = text.render(INCONCLUSIVE, 140), text.render(INCONCLUSIVE, 80)

    assert "\nNotes\n" not in wide
    assert "\nNotes\n" in narrow


def test_a_report_of_nothing_is_a_verdict_and_its_facts() -> None:
    page = text.render(report(summary="pass: nothing measured"))

    assert page.startswith("✓ PASS  nothing measured\n")
    assert "Route" not in page


def test_a_finding_shows_its_place_once() -> None:
    found = Finding(rule="r", severity=Severity.INFO, message="slow", location=Location("a.py", 3))
    told = Finding(rule="r", severity=Severity.INFO, message="slow at a.py:3", location=Location("a.py", 3))

    page = text.render(report(findings=(found, told)))

    assert "info[r]: slow  a.py:3\n" in page
    assert "info[r]: slow at a.py:3\n" in page


def test_a_cause_of_which_little_is_known_is_one_line() -> None:
    cause = Cause(text="+5 queries", meter="db.query", unit="{query}", amount=D(5))

    page = text.render(report(routes=(route("r", "1", "1", causes=(cause,)),)))

    assert "Causes\n  r\n    +5 queries\n\n  baseline" in page


def test_hostile_text_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    text.show(ADVERSARIAL, colour=False)

    assert "\x1b" not in capsys.readouterr().out


def test_markup_in_names_is_no_style() -> None:
    assert "[red]rich[/red]" in text.render(ADVERSARIAL)


def test_what_is_piped_is_plain_and_as_wide_as_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    text.show(FAIL, colour=False)

    assert capsys.readouterr().out == text.render(FAIL)


def test_colour_is_there_when_asked_for(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("TERM", "xterm-256color")
        patch.delenv("NO_COLOR", raising=False)

        text.show(FAIL, colour=True)

    out = capsys.readouterr().out
    assert "\x1b[1;31m✗ FAIL" in out
    assert re.sub(r"\x1b\[[\d;]*m", "", out).split() == text.render(FAIL).split()


def test_a_terminal_gives_its_width(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("COLUMNS", "140")
        patch.setenv("TTY_COMPATIBLE", "1")
        patch.setenv("NO_COLOR", "1")

        text.show(INCONCLUSIVE, colour=False)

    assert capsys.readouterr().out == text.render(INCONCLUSIVE, 140)


def test_a_terminal_without_unicode_gets_what_it_can_show(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = BytesIO()
    with monkeypatch.context() as patch, TextIOWrapper(raw, encoding="ascii") as stream:
        patch.setattr(sys, "stdout", stream)

        text.show(FAIL, colour=False)
        stream.flush()

        assert b"? FAIL  /v1/report costs" in raw.getvalue()

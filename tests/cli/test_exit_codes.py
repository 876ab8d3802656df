"""Every way to end is one of the exit codes 0, 1, 2, 3, and 1 is never a failure of ours."""

import subprocess
import sys

import click
import pytest

from codeops.__main__ import main
from codeops.cli import codeops
from codeops.cli._show import verdict_code
from codeops.core.errors import MissingBaseline
from codeops.core.report import Verdict


class Raising(click.Command):
    """A verb that ends by raising what it was made with."""

    def __init__(self, problem: BaseException) -> None:
        super().__init__("raising", callback=self.fail)
        self.problem = problem

    def fail(self) -> None:
        raise self.problem


def exit_code(arguments: list[str]) -> int:
    with pytest.raises(SystemExit) as ending:
        main(arguments)
    assert isinstance(ending.value.code, int)
    return ending.value.code


@pytest.mark.parametrize(
    ("problem", "message"),
    [
        (
            MissingBaseline("nothing to compare with", why="no file", fix="codeops bench"),
            "error[missing-baseline]: nothing to compare with",
        ),
        (KeyboardInterrupt(), "error[interrupted]"),
        (click.Abort(), "error[interrupted]"),
        (click.ClickException("plain"), "plain"),
        (click.BadParameter("bad"), "bad"),
        (click.FileError("x.toml", "gone"), "x.toml"),
        (ValueError("a bug"), "error[bug]: unexpected ValueError"),
        (RecursionError(), "error[bug]"),
        (MemoryError(), "error[bug]"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_whatever_is_raised_ends_with_2_and_says_what(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], problem: BaseException, message: str
) -> None:
    monkeypatch.setattr(codeops, "get_command", lambda _context, _name: Raising(problem))

    code = exit_code(["raising"])

    assert code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["gaet"], ["gate", "--no-such-option"], ["compare"], ["report"], ["schema", "nothing"]])
def test_bad_usage_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code = exit_code(arguments)

    assert code == 2
    assert "Usage" in capsys.readouterr().err


def test_a_verb_that_is_nearly_right_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    exit_code(["gaet"])

    assert "Did you mean 'gate'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["gate", "--help"], ["prices", "--help"], ["prices", "explain", "--help"]]
)
def test_help_ends_with_0(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code = exit_code(arguments)

    assert code == 0
    assert capsys.readouterr().out


@pytest.mark.parametrize(
    ("verdict", "policy", "code"),
    [
        (Verdict.PASS, "inconclusive", 0),
        (Verdict.FAIL, "inconclusive", 1),
        (Verdict.INCONCLUSIVE, "inconclusive", 3),
        (Verdict.INCONCLUSIVE, "pass", 0),
        (Verdict.INCONCLUSIVE, "fail", 1),
        (Verdict.FAIL, "pass", 1),
    ],
)
def test_a_verdict_has_its_own_code(verdict: Verdict, policy: str, code: int) -> None:
    assert verdict_code(verdict, policy) == code


def test_a_reader_that_goes_away_is_not_a_pass_and_shows_no_traceback() -> None:
    command = f"{sys.executable} -m codeops schema report; echo $? >&2"

    ending = subprocess.run(["bash", "-c", f"({command}) | true"], capture_output=True, text=True, check=False)

    assert "Traceback" not in ending.stderr

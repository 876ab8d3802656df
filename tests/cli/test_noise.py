"""`codeops doctor --noise`: this machine, measured and told."""

import json

import pytest

from codeops.__main__ import main
from codeops.cli._noise import as_text
from codeops.pipeline.noise import Prospect, Tolerance

QUIET = Tolerance(tolerance=0.03, alarms=0.0, open=0.004, detects=0.06, seconds=12.4)
LOUD = Tolerance(tolerance=0.08, alarms=0.0, open=0.97, detects=None, seconds=0.0)


def prospect(*tolerances: Tolerance) -> Prospect:
    return Prospect(pairs=21, routes=4, seconds=2.2, spread=0.012, drift=0.08, sequential=0.45, tolerances=tolerances)


def doctor(*options: str) -> int:
    with pytest.raises(SystemExit) as ending:
        main(["doctor", *options])
    assert isinstance(ending.value.code, int)
    return ending.value.code


@pytest.mark.slow
def test_the_machine_is_measured_with_the_pairs_of_a_comparison(capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor("--noise", "--time-budget", "0.1", "--format", "json") == 0

    found = json.loads(capsys.readouterr().out)
    assert (found["pairs"], found["routes"]) == (3, 4)
    assert 0 < found["pair_spread"] < 0.5
    assert found["pair_seconds"] > 0
    assert [one["regression"] for one in found["tolerances"]] == [0.03, 0.05, 0.08, 0.12, 0.2]


def test_what_suits_the_machine_is_said_first_and_can_be_copied() -> None:
    text = as_text(prospect(QUIET, LOUD), "", 100, colour=False)

    assert text.startswith("✓ A gate on CPU holds here: with 3 % tolerance it sees +6 % and raises no false alarm\n")
    assert "45 %   of such comparisons show some route 8 % dearer that is not" in text
    assert "more than +30 points" in text
    assert text.endswith('Suggested\n  [bench]\n  time_budget = "20s"\n  [budget]\n  regression = "3 %"\n')


def test_a_machine_that_is_too_loud_gets_no_settings() -> None:
    text = as_text(prospect(LOUD), "there is no valgrind on the path", 100, colour=False)

    assert text.startswith("! This machine is too noisy for a gate on CPU: use another runner, or count instructions\n")
    assert "Instructions  cannot be counted: there is no valgrind on the path" in text
    assert "Suggested" not in text


def test_a_time_budget_belongs_to_the_noise(capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor("--time-budget", "3") == 2
    assert "add it" in capsys.readouterr().err

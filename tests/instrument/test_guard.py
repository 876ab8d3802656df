import logging
import os
import subprocess
import sys

import pytest

from codeops.core.errors import InvalidValue
from codeops.instrument import guard


def broken(_=None):
    raise ZeroDivisionError


@pytest.fixture
def lenient(monkeypatch):
    monkeypatch.setattr(guard, "strict", False)
    monkeypatch.setattr(guard, "problems", [])
    monkeypatch.setattr(guard, "_causes", set())


def test_a_fault_goes_no_further_and_is_told_once(lenient, caplog):
    for number in range(3):
        guard.guarded(broken, number)

    assert [type(problem) for problem in guard.problems] == [ZeroDivisionError]
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_faults_of_different_causes_are_each_told(lenient, caplog):
    guard.guarded(broken)
    guard.guarded(int, "x")

    assert len(caplog.records) == 2


def test_what_the_user_can_mend_is_told_with_its_fix_and_who_knows_more(lenient, caplog):
    guard.complain(InvalidValue("ledger is 'fast'", why="known are auto, native", fix="write 'auto'"))

    assert "\n  fix: write 'auto'\n" in caplog.text
    assert "codeops doctor" in caplog.text


def test_what_ends_the_program_passes(lenient):
    def end():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        guard.guarded(end)


def test_under_our_own_tests_a_fault_is_raised():
    with pytest.raises(ZeroDivisionError):
        guard.guarded(broken)


TEST = """
import codeops

def test_a_program_that_records_what_means_nothing():
    codeops.instrument(memory=False)
    with codeops.span("root"):
        codeops.record("sms.sent", -1)
"""


@pytest.mark.parametrize(
    ("variables", "code", "said"), [({}, 1, "-1 of sms.sent cannot be recorded"), ({"CODEOPS_STRICT": "0"}, 0, "1 passed")]
)
def test_in_a_test_of_the_programs_own_a_fault_is_raised_unless_it_says_otherwise(tmp_path, variables, code, said):
    (tmp_path / "test_program.py").write_text(TEST, encoding="utf-8")

    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env={**os.environ, **variables}, check=False)

    assert (done.returncode, said in done.stdout) == (code, True), done.stdout


def test_outside_of_pytest_it_is_told_and_not_raised(tmp_path):
    program = "import codeops; codeops.instrument(memory=False); codeops.record('sms.sent', -1); print('on')"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path, check=True)

    assert done.stdout.strip() == "on"
    assert "-1 of sms.sent cannot be recorded" in done.stderr

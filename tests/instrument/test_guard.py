import logging

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

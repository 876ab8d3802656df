"""The gate on accuracy: the short run of benchmarks/ledger/accuracy.py, for the interpreter that runs the tests and both ledgers.

Nothing here measures how fast anything is. Each claim is a median over fresh processes, held against the target itself.
"""

import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = Path(__file__).parents[2] / "benchmarks" / "ledger" / "accuracy.py"


def called(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, str(COMMAND), *arguments], capture_output=True, text=True, check=False)


JOBS = [tuple(line.split(": ", 1)) for line in called("--quick", "--names").stdout.splitlines()]


def test_the_gate_has_workloads_cases_and_all_five_controls_for_both_ledgers() -> None:
    both = {"W1 asyncio", "W1 uvloop", "W2 threads", "W3 mix", "eager_child", "fork", "no task hook, W1", "no GC bucket, W3 garbage"}
    once = {"fixed-window clock, W2", "outer owner not restored", "getrusage, W1"}

    assert both | once <= {name for ledger, name in JOBS if ledger == "native"}
    assert both <= {name for ledger, name in JOBS if ledger == "pure"}


@pytest.mark.slow
@pytest.mark.parametrize(("ledger", "name"), JOBS)
def test_the_ledger_meets_its_target_and_a_broken_one_does_not(ledger: str, name: str) -> None:
    found = called("--quick", "--ledger", ledger, "--only", name)

    assert found.returncode == 0, found.stdout + found.stderr
    assert name in found.stdout


def test_what_cannot_be_measured_is_an_error_and_no_pass() -> None:
    found = called("--quick", "--python", "false", "--only", "W1 asyncio")

    assert found.returncode == 2
    assert "ended with 1" in found.stderr


def test_a_name_that_nothing_has_is_an_error_and_no_pass() -> None:
    found = called("--quick", "--only", "W9")

    assert found.returncode == 2
    assert "there are: W1 asyncio" in found.stderr

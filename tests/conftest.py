"""What holds for every test: randomness is seeded and printed, nothing may leak, and in CI nothing may be skipped."""

import os
import random
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

SEED = int(os.environ.get("CODEOPS_TEST_SEED", "20261101"))

settings.register_profile("default", deadline=None, derandomize=True)
settings.load_profile("default")


def pytest_report_header() -> str:
    return f"seed: {SEED} (CODEOPS_TEST_SEED)"


@pytest.fixture(autouse=True)
def _seeded() -> None:
    random.seed(SEED)


@pytest.fixture(autouse=True)
def _nothing_leaks() -> Iterator[None]:
    """A test that changes the working directory or the environment, or leaves a thread or hooks, is red."""
    folder, variables, threads = Path.cwd(), dict(os.environ), set(threading.enumerate())

    yield

    variables.pop("PYTEST_CURRENT_TEST", None)
    after = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    assert Path.cwd() == folder, "the working directory was changed"
    assert after == variables, f"environment changed: {set(after.items()) ^ set(variables.items())}"
    left = [thread.name for thread in threading.enumerate() if thread not in threads and not thread.daemon]
    assert not left, f"threads left running: {left}"
    hooked = _left_hooks()
    assert not hooked, f"client libraries left hooked: {hooked}"


def _left_hooks() -> tuple[str, ...]:
    """The libraries that are still hooked; they are let go, so that the tests that follow say what is wrong with themselves."""
    hooks = sys.modules.get("codeops.instrument.hooks")
    if hooks is None:
        return ()
    left = tuple(sorted({name for _, name in hooks._installed}))
    for holder in set().union(*hooks._holders.values()):
        hooks.uninstall(holder=holder)
    return left


_skipped: list[str] = []


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped and not hasattr(report, "wasxfail"):
        _skipped.append(report.nodeid)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI every component is installed: a skip there would be a check that cannot fail."""
    if _skipped and os.environ.get("CI") == "true" and not session.exitstatus:
        print(f"\nCI=true, and these tests were skipped: {', '.join(_skipped)}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED

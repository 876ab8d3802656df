"""A gate that is stopped at any moment leaves nothing behind: no process, no folder, no note in the repository."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.cli_project import change, make

SETUP = """
import contextlib, subprocess

@contextlib.contextmanager
def server():
    process = subprocess.Popen(["sleep", "600"])
    yield
    process.terminate()
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository with a change, whose suite starts a server that knows nothing of us."""
    folder = make(tmp_path / "project")
    change(folder, "[bench]\n", '[bench]\nsetup = "servers:server"\n', "codeops.toml")
    (folder / "servers.py").write_text(SETUP, encoding="utf-8")
    for command in (("init", "-q"), ("add", "-A"), ("-c", "user.name=n", "-c", "user.email=e@x", "commit", "-q", "-m", "one")):
        subprocess.run(["git", "-C", str(folder), *command], check=True)
    change(folder, 'record("stripe.charge", 2)', "record('stripe.charge', 2)")
    return folder


def processes(mark: str) -> Iterator[tuple[int, str]]:
    """All that were started with this mark in their environment, and what they are."""
    for place in Path("/proc").iterdir():
        if place.name.isdigit():
            try:
                if mark.encode() in (place / "environ").read_bytes() and "State:\tZ" not in (place / "status").read_text(encoding="utf-8"):
                    yield int(place.name), (place / "cmdline").read_text(encoding="utf-8").replace("\0", " ")
            except OSError:
                continue


def left(project: Path, temporary: Path, mark: str) -> list[object]:
    """What is still there of a run."""
    noted = project / ".git" / "worktrees"
    return [*processes(mark), *temporary.iterdir(), *(noted.iterdir() if noted.exists() else ())]


MOMENTS = random.Random(20261126)
CASES = [
    *((signal.SIGINT, MOMENTS.uniform(0.2, 5)) for _ in range(10)),
    *((how, MOMENTS.uniform(0.5, 4)) for how in (signal.SIGTERM, signal.SIGKILL) for _ in range(3)),
]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
@pytest.mark.parametrize(("how", "after_s"), CASES, ids=[f"{how.name} after {after_s:.2f} s" for how, after_s in CASES])
def test_nothing_is_left_of_a_gate_that_was_stopped(project: Path, tmp_path: Path, how: signal.Signals, after_s: float) -> None:
    mark, temporary = f"CODEOPS_TEST_MARK={uuid.uuid4()}", tmp_path / "temporary"
    temporary.mkdir()
    name, value = mark.split("=")
    before = subprocess.run(["git", "-C", str(project), "status", "--porcelain"], capture_output=True, check=True).stdout
    gate = subprocess.Popen(
        [sys.executable, "-m", "codeops", "gate", "--base", "HEAD"],
        cwd=project,
        env={**os.environ, name: value, "TMPDIR": str(temporary), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )

    time.sleep(after_s)
    assert gate.poll() is not None or list(processes(mark))
    # A terminal's Ctrl-C reaches the group of the command, a supervisor's signals its process alone.
    with contextlib.suppress(ProcessLookupError):  # it has come to its end
        (os.killpg if how is signal.SIGINT else os.kill)(gate.pid, how)
    _, words = gate.communicate(timeout=60)

    until = time.monotonic() + 30
    while (rest := left(project, temporary, mark)) and time.monotonic() < until:
        time.sleep(0.1)
    assert rest == []
    assert subprocess.run(["git", "-C", str(project), "status", "--porcelain"], capture_output=True, check=True).stdout == before
    assert gate.returncode in {0, 2, -how}
    assert gate.returncode != 2 or "error[interrupted]" in words

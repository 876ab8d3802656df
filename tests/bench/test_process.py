"""Nothing is left behind, however a measurement ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from codeops.bench import measure
from codeops.bench.side import Side
from codeops.core.suite import FunctionCase

AROUND = """
    import os, subprocess, sys, time

    def setup():
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        open("pids", "w").write(f"{os.getpid()} {child.pid}")
        yield
        open("ended", "w").close()
        # the child is forgotten on purpose
"""
JOBS = "import time\ndef job(): pass\ndef forever(): time.sleep(600)\ndef busy():\n    while True: pass\n"

PARENT = """
    import sys
    from codeops.bench import measure
    from codeops.core.suite import FunctionCase, Suite

    measure(Suite(root=sys.argv[1], setup="around:setup", functions=(FunctionCase(route="j", call="jobs:" + sys.argv[2]),)))
"""


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def pids(folder: Path, seconds: float = 20) -> list[int]:
    until = time.monotonic() + seconds
    while not (folder / "pids").exists() or len((folder / "pids").read_text().split()) < 2:
        assert time.monotonic() < until, "the worker did not start"
        time.sleep(0.02)
    return [int(word) for word in (folder / "pids").read_text().split()]


def gone(numbers: list[int], seconds: float = 15) -> bool:
    until = time.monotonic() + seconds
    while any(alive(number) for number in numbers) and time.monotonic() < until:
        time.sleep(0.05)
    return not any(alive(number) for number in numbers)


def test_after_a_measurement_no_process_is_left(project, tmp_path):
    measure(project({"around": AROUND, "jobs": JOBS}, setup="around:setup", functions=(FunctionCase(route="j", call="jobs:job"),)))

    assert gone(pids(tmp_path))
    assert (tmp_path / "ended").exists()


def test_an_interrupt_between_blocks_ends_the_worker_kindly(project, tmp_path):
    def interrupt(progress):
        if progress.done:
            raise KeyboardInterrupt

    suite = project({"around": AROUND, "jobs": JOBS}, setup="around:setup", functions=(FunctionCase(route="j", call="jobs:job"),))
    with pytest.raises(KeyboardInterrupt):
        measure(suite, on_progress=interrupt)

    assert gone(pids(tmp_path))
    assert (tmp_path / "ended").exists()


@pytest.mark.parametrize(
    ("how", "job"),
    [(signal.SIGINT, "forever"), (signal.SIGTERM, "forever"), (signal.SIGKILL, "busy")],
    ids=["Ctrl-C", "SIGTERM", "SIGKILL of the parent"],
)
def test_when_the_parent_goes_all_go(project, tmp_path, how, job):
    suite = project({"around": AROUND, "jobs": JOBS, "parent": PARENT})
    parent = subprocess.Popen([sys.executable, f"{suite.root}/parent.py", suite.root, job], stderr=subprocess.DEVNULL)
    started = pids(tmp_path)
    time.sleep(0.3)

    os.kill(parent.pid, how)
    parent.wait()

    assert gone(started), "processes are left"
    assert (tmp_path / "ended").exists(), "setup was not ended"


def test_without_the_group_kill_a_forgotten_child_stays(project, tmp_path, monkeypatch):
    """The negative control: the forgotten child does live on unless its group is ended."""
    monkeypatch.setattr("codeops.bench.process.os.killpg", lambda *_: None)

    measure(project({"around": AROUND, "jobs": JOBS}, setup="around:setup", functions=(FunctionCase(route="j", call="jobs:job"),)))

    worker, child = pids(tmp_path)
    assert (alive(worker), alive(child)) == (False, True)
    os.kill(child, signal.SIGKILL)


def test_two_workers_can_be_asked_in_turn(project):
    suite = project({"jobs": JOBS}, functions=(FunctionCase(route="j", call="jobs:job"),))

    with Side(suite) as base, Side(suite) as head:
        base.demand_ready()
        head.demand_ready()
        blocks = [side.measure(0, 0, 5) for _ in range(3) for side in (base, head)]

    assert [len(block.cpu_ns) for block in blocks] == [5] * 6

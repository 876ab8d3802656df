"""Memory on average: each time weighs as much as it lasted, and calls that keep the interpreter's lock are seen."""

import ctypes
import gc
import mmap
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from codeops.bench.memory.gauge import Average, own_gauge
from codeops.bench.memory.watch import mean_bytes
from codeops.instrument.memory.resident import resident_bytes

MIB = 2**20
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")


def hold(mib: int, seconds: float, *, keeps_lock: bool = False) -> None:
    sleep = ctypes.PyDLL(None).usleep if keeps_lock else None
    with mmap.mmap(-1, mib * MIB) as held:
        held.write(b"x" * (mib * MIB))
        sleep(round(seconds * 1e6)) if sleep else time.sleep(seconds)


@pytest.mark.parametrize(
    ("held", "mean"),
    [
        ([(0.03, 7)], 7),
        ([(0.03, 0), (0.03, 100)], 50),
        ([(0.06, 0), (0.02, 100), (0.02, 0)], 20),
    ],
)
def test_each_time_weighs_as_much_as_it_lasted(held: list[tuple[float, int]], mean: float) -> None:
    begin_s = time.monotonic()

    def now() -> int:
        at_s, amount = time.monotonic() - begin_s, 0
        for lasted_s, amount in held:  # ruff: ignore[unused-loop-control-variable] - the last one that has begun
            at_s -= lasted_s
            if at_s < 0:
                break
        return amount

    def is_over() -> bool:
        time.sleep(0.0005)
        return time.monotonic() - begin_s >= sum(lasted_s for lasted_s, _ in held)

    assert mean_bytes(now, is_over) == pytest.approx(mean, rel=0.25)


@LINUX
@pytest.mark.parametrize("keeps_lock", [False, True])
def test_what_is_held_for_half_of_the_time_counts_half(keeps_lock: bool) -> None:
    gauge = own_gauge("average")
    gauge.begin()
    gauge.end()
    gc.collect()
    before = resident_bytes()
    begin_s = time.monotonic()
    gauge.begin()
    hold(64, 0.15, keeps_lock=keeps_lock)
    held_s = time.monotonic() - begin_s
    time.sleep(0.15)
    found, whole_s = gauge.end(), time.monotonic() - begin_s
    gauge.close()

    assert (found - before) / MIB == pytest.approx(64 * held_s / whole_s, rel=0.25)


@LINUX
def test_processes_are_added_and_one_that_ended_holds_nothing() -> None:
    other = subprocess.Popen([sys.executable, "-S", "-c", "held = bytearray(80 << 20); print(1, flush=True); input()"], stdin=-1, stdout=-1)
    other.stdout.readline()
    gauge = Average(lambda: [os.getpid(), other.pid])
    gauge.begin()
    both = gauge.end()
    other.communicate(b"\n")
    gauge.begin()
    one = gauge.end()
    gauge.close()

    assert both - one > 80 * MIB
    assert one == pytest.approx(resident_bytes(), rel=0.2)


@LINUX
def test_nobody_to_watch_is_not_known_and_never_zero() -> None:
    gauge = Average(lambda: [2**22 + 1])
    gauge.begin()

    assert gauge.end() is None
    gauge.close()


@LINUX
def test_what_a_request_that_failed_began_is_not_taken_for_the_next() -> None:
    gauge = own_gauge("average")
    gauge.begin()
    gauge.begin()

    assert gauge.end() == pytest.approx(resident_bytes(), rel=0.2)
    assert gauge.end() is None
    gauge.close()


@LINUX
def test_the_watcher_ends_with_the_process_that_asks() -> None:
    code = "import os\nfrom codeops.bench.memory.gauge import own_gauge\ngauge = own_gauge('average')\ngauge.begin()\nprint(gauge._watcher.pid, flush=True)\nos._exit(0)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    deadline = time.monotonic() + 10
    while Path(f"/proc/{ended.stdout.strip()}").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not Path(f"/proc/{ended.stdout.strip()}").exists()

import itertools
import subprocess
import sys
import threading

import pytest

from codeops.instrument import guard
from codeops.instrument.memory import sampler as sampler_module
from codeops.instrument.memory.sampler import Sampler


class Waiting:
    """A clock, and an event to wait for, in fake time: each wait takes `late_s` longer than it should."""

    def __init__(self, waits, late_s) -> None:
        self.now, self.waits, self.late_s = 100.0, waits, late_s

    def clock(self):
        return self.now

    def wait(self, seconds):
        self.now += seconds + self.late_s
        self.waits -= 1
        return self.waits < 0


def times_of(waits, *, late_s=0.0, takes_s=()):
    waiting, times, takes_s = Waiting(waits, late_s), [], list(takes_s)

    def act():
        times.append(waiting.now - 100.0)
        waiting.now += takes_s.pop(0) if takes_s else 0.0

    Sampler(act, 1.0, waiting.clock)._loop(waiting)
    return times


@pytest.fixture(autouse=True)
def _at_full_length(monkeypatch):
    monkeypatch.setattr(sampler_module, "_FIRST_S", 1.0)


def test_the_first_waits_are_short_and_double(monkeypatch):
    monkeypatch.setattr(sampler_module, "_FIRST_S", 0.01)

    times = times_of(10)

    assert times[:4] == pytest.approx([0.01, 0.03, 0.07, 0.15])
    assert [later - earlier for earlier, later in itertools.pairwise(times)][-3:] == pytest.approx([1.0, 1.0, 1.0])


@pytest.mark.parametrize(
    ("disturbed", "expected"),
    [
        ({}, [1, 2, 3, 4]),
        ({"late_s": 0.25}, [1.25, 2.25, 3.25, 4.25]),
        ({"takes_s": [0.5, 0.75]}, [1, 2, 3, 4]),
        ({"takes_s": [1.0]}, [1, 3, 4, 5]),
        ({"takes_s": [3.5]}, [1, 5, 6, 7]),
    ],
    ids=["on time", "waking late does not add up", "acting takes time", "acting takes until the next", "what is missed is left out"],
)
def test_it_acts_at_regular_times(disturbed, expected):
    assert times_of(4, **disturbed) == pytest.approx(expected)


def test_nothing_is_left_after_stop_and_it_can_start_again():
    before, acted = set(threading.enumerate()), threading.Event()
    sampler = Sampler(acted.set, 0.01)
    for _ in range(3):
        sampler.start()
        sampler.start()
        assert len(set(threading.enumerate()) - before) == 1
        assert acted.wait(5)

        sampler.stop()
        sampler.stop()
        assert set(threading.enumerate()) == before
        acted.clear()


def test_a_fault_is_kept_and_sampling_goes_on(monkeypatch):
    monkeypatch.setattr(guard, "strict", False)
    monkeypatch.setattr(guard, "problems", [])
    monkeypatch.setattr(guard, "_causes", set())
    acted, calls = threading.Event(), []

    def broken():
        calls.append(1)
        if len(calls) > 3:
            acted.set()
        raise ZeroDivisionError

    sampler = Sampler(broken, 0.01)
    sampler.start()
    assert acted.wait(5)
    sampler.stop()

    assert [type(problem) for problem in guard.problems] == [ZeroDivisionError]


def test_where_no_thread_can_be_started_the_program_goes_on(monkeypatch):
    monkeypatch.setattr(guard, "strict", False)
    monkeypatch.setattr(guard, "problems", [])
    monkeypatch.setattr(guard, "_causes", set())

    def refuse(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    sampler = Sampler(lambda: None, 0.01)
    sampler.start()
    sampler.stop()

    assert [str(problem) for problem in guard.problems] == ["can't start new thread"]


@pytest.mark.parametrize(
    "ending",
    [
        "",
        "raise SystemExit(0)",
        "import atexit; atexit.register(meter.begin, '/late')",
        "import threading; threading.Thread(target=work).start()",
    ],
    ids=["end of the script", "SystemExit", "a request at exit", "a thread that outlives the main one"],
)
def test_the_program_ends_as_without_it(ending):
    script = f"""
import time
from codeops.instrument.memory import Meter
meter = Meter(sample_s=0.001, fit_s=0.01)
meter.start()
def work():
    for _ in range(50):
        meter.end(meter.begin("/a"))
        time.sleep(0.002)
work()
class Late:
    def __del__(self):
        meter.end(meter.begin("/late"))
late = Late()
{ending}
"""
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", script], capture_output=True, text=True, timeout=60, check=False
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

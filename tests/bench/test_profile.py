"""A profile finds the lines that the CPU is spent on, by known work."""

import hashlib
import os
import sys
import time
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from textwrap import dedent

import pytest

from codeops.bench.profiles.hotspots import with_lines
from codeops.bench.profiles.profile import Profile, merged, profiled
from codeops.core.snapshot import MeterUsage, RouteUsage

WORK = """
    import json, threading
    from time import thread_time

    SPENT = {"spin": 0.0, "library": 0.0}
    DATA = [{"a": number, "b": [1, 2, 3]} for number in range(300)]

    def spin(steps):
        total = 0
        for number in range(steps):
            total += number * number
        return total

    def library():
        return json.dumps(DATA)

    def both():
        start = thread_time()
        spin(3000)
        middle = thread_time()
        library()
        SPENT["spin"] += middle - start
        SPENT["library"] += thread_time() - middle

    def in_a_thread():
        worker = threading.Thread(target=spin, args=(200_000,))
        worker.start()
        worker.join()
"""


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    folder = tmp_path_factory.mktemp("profiled")
    (folder / "profiled_work.py").write_text(dedent(WORK))
    sys.path.insert(0, str(folder))
    yield import_module("profiled_work")
    sys.path.remove(str(folder))


def seen(work, function, cpu_s: float = 0.12, turns: int = 6) -> dict[str, tuple[float, float]]:
    """The share of each function's lines and the largest error of one of them."""
    profile = merged([one_turn(work, function, cpu_s) for _ in range(turns)])
    found: dict[str, tuple[float, float]] = {}
    for (_, _, name), (share, error) in profile.shares().items():
        known = found.get(name, (0.0, 0.0))
        found[name] = known[0] + share, max(known[1], error)
    return found


def one_turn(work, function, cpu_s: float) -> Profile:
    with profiled(os.path.realpath(Path(work.__file__).parent)) as profile:
        until = time.process_time() + cpu_s
        while time.process_time() < until:
            function()
    return profile


def test_a_library_s_time_belongs_to_the_line_that_called_it(work):
    """A machine with more to do than processors moves shares by a tenth and more (docs/gate.md): there only the order is certain."""
    begin_s, begin_cpu_s = time.monotonic(), time.process_time()
    shares = seen(work, work.both, 0.2)
    is_busy = time.monotonic() - begin_s > 1.5 * (time.process_time() - begin_cpu_s)

    true = work.SPENT["library"] / sum(work.SPENT.values())
    assert shares["library"][0] > shares["spin"][0]
    assert sum(share for share, _ in shares.values()) == pytest.approx(1, abs=0.15)
    assert is_busy or shares["library"][0] == pytest.approx(true, abs=max(0.15, 5 * shares["library"][1]))


def test_a_profile_leaves_processors_and_the_interpreter_as_they_were(work):
    before = os.sched_getaffinity(0), sys.getswitchinterval()

    one_turn(work, work.both, 0.02)

    assert (os.sched_getaffinity(0), sys.getswitchinterval()) == before


def test_another_thread_s_work_is_seen(work):
    assert seen(work, work.in_a_thread)["spin"][0] > 0.5


def test_what_no_line_of_the_project_asked_for_belongs_to_none(work):
    found = seen(work, lambda: hashlib.pbkdf2_hmac("sha256", b"x", b"y", 20_000))

    assert sum(share for share, _ in found.values()) < 0.1


def test_profiles_add_up():
    one = Profile(cpu_ns=100, squares=50.0, lines=[(("a.py", 1, "f"), 40, 20.0)])
    other = Profile(cpu_ns=300, squares=150.0, lines=[(("a.py", 1, "f"), 60, 30.0), (("a.py", 2, "f"), 200, 90.0)])

    both = merged([one, other])

    assert (both.cpu_ns, both.squares) == (400, 200.0)
    assert both.shares()["a.py", 1, "f"][0] == pytest.approx(0.25)
    assert merged([]).shares() == {}


def test_parts_that_differ_are_less_sure_than_their_looks():
    parts = [Profile(cpu_ns=1000, squares=1000.0, lines=[(("a.py", 1, "f"), spent, float(spent))]) for spent in (200, 400, 600)]

    (share, error) = merged(parts).shares()["a.py", 1, "f"]

    assert share == pytest.approx(0.4)
    assert error == pytest.approx((2 * 200**2 * 3 / 2) ** 0.5 / 3000)
    assert merged(parts[:1]).shares()["a.py", 1, "f"][1] < error


def test_many_looks_are_surer_than_one():
    few = Profile(cpu_ns=100, squares=100.0**2, lines=[(("a.py", 1, "f"), 100, 100.0**2)])
    many = Profile(cpu_ns=100, squares=100.0, lines=[(("a.py", 1, "f"), 50, 50.0)])

    assert few.shares()["a.py", 1, "f"] == (1.0, 0.0)  # every look saw the same
    assert many.shares()["a.py", 1, "f"] == (0.5, pytest.approx(0.05))


def test_lines_share_what_was_timed_and_small_ones_are_left_out(tmp_path):
    (tmp_path / "a.py").write_text("first()\nsecond()\n")
    lines = [(("a.py", 2, "f"), 750, 750.0), (("a.py", 1, "f"), 245, 245.0), (("a.py", 3, "f"), 5, 5.0)]
    profile = Profile(cpu_ns=1000, squares=1000.0, lines=lines)
    usage = RouteUsage(usage=(MeterUsage(meter="compute.cpu", unit="vCPU.s", mean=Decimal("0.002"), exact=False),))

    (line,) = with_lines({"/a": usage, "/b": usage}, {"/a": profile}, str(tmp_path))["/a"].usage

    assert [(site.line, site.code, site.amount) for site in line.sites] == [
        (2, "second()", Decimal("0.0015")),
        (1, "first()", Decimal("0.00049")),
    ]
    assert all(site.error > 0 for site in line.sites)

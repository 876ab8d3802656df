import multiprocessing
import os
import signal
import sys
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from memory_traffic import serve_in_child

from codeops.instrument.memory import Meter

GIB = 2**30


class Time:
    """A clock and a memory that move only when told."""

    def __init__(self, size=GIB) -> None:
        self.now, self.size = 50.0, size

    def clock(self):
        return self.now

    def read(self):
        return self.size


@pytest.fixture
def moved():
    return Time()


@pytest.fixture
def meter(moved):
    made = Meter(moved.clock, moved.read, sample_s=3600.0)
    assert made.start()
    yield made
    made.stop()


def balanced(totals):
    parts = ("idle_gib_s", "retained_gib_s", "allocated_gib_s", "carried_gib_s")
    return sum(totals[part] for part in parts) == pytest.approx(totals["integral_gib_s"], abs=1e-9)


def test_a_request_is_told_its_gib_seconds_and_how_they_were_allocated(meter, moved):
    token = meter.begin("/a")
    moved.size = 3 * GIB
    meter._sample()
    moved.now += 4.0

    assert meter.end(token) == (pytest.approx(8.0), "equal")
    totals = meter.totals()
    assert balanced(totals)
    assert (totals["idle_gib_s"], totals["allocated_gib_s"], totals["ended_gib_s"]) == pytest.approx((4.0, 8.0, 8.0))
    assert (totals["resident_bytes"], totals["baseline_bytes"]) == (3 * GIB, GIB)


def test_weights_are_fitted_and_told(moved):
    meter = Meter(moved.clock, moved.read, sample_s=3600.0, fit_s=30.0)
    meter.start()
    for second in range(200):
        tokens = [meter.begin(route) for route, every in (("/big", 3), ("/small", 2)) if second % every == 0]
        moved.size = GIB + GIB // 8 * (second % 3 == 0) + GIB // 64 * (second % 2 == 0)
        meter._sample()
        moved.now += 1.0
        told = [meter.end(token) for token in tokens]
        if second % 6 == 0 and second > 60:
            assert told == [(pytest.approx(1 / 8, rel=1e-3), "fitted"), (pytest.approx(1 / 64, rel=1e-2), "fitted")]
    meter.stop()


def test_where_memory_is_not_known_nothing_is_told():
    meter = Meter(time.monotonic, lambda: None)

    assert meter.start() is False
    assert meter.begin("/a") is None
    assert meter.end(None) is None
    assert meter.totals() == {}
    meter.stop()


def test_a_reading_that_fails_lets_the_last_one_hold(meter, moved):
    token = meter.begin("/a")
    moved.size = 2 * GIB
    meter._sample()
    moved.now, moved.size = moved.now + 1.0, None
    meter._sample()
    moved.now += 1.0

    assert meter.end(token) == (pytest.approx(2.0), "equal")


def test_after_stop_time_stands_still(meter, moved):
    token = meter.begin("/a")
    moved.size = 2 * GIB
    meter._sample()
    moved.now += 1.0
    meter.stop()
    moved.now += 100.0

    assert meter.begin("/b") is None
    assert meter.end(token) == (pytest.approx(1.0), "equal")
    assert meter.totals()["integral_gib_s"] == pytest.approx(2.0)
    assert balanced(meter.totals())


def test_started_again_the_books_are_new(meter, moved):
    old = meter.begin("/a")
    moved.now += 10.0
    meter.stop()
    moved.now += 10.0

    assert meter.start()
    assert not meter.totals()["integral_gib_s"]
    assert meter.end(old) is None
    moved.now += 1.0
    assert meter.totals()["integral_gib_s"] == pytest.approx(1.0)


def test_started_twice_it_goes_on(meter, moved):
    token = meter.begin("/a")

    assert meter.start()
    assert meter.end(token) is not None


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0.0, 5.0), st.integers(0, 2**42)), max_size=30))
def test_the_totals_balance_whatever_happens(steps):
    moved, told = Time(), []
    meter = Meter(moved.clock, moved.read, sample_s=3600.0, fit_s=5.0)
    meter.start()

    tokens = []
    for route, seconds, size in steps:
        tokens.append(meter.begin(route))
        moved.now, moved.size = moved.now + seconds, size
        meter._sample()
        if len(tokens) > 2:
            told.append(meter.end(tokens.pop(0)))
    told += [meter.end(token) for token in tokens]
    totals = meter.totals()
    meter.stop()

    assert balanced(totals)
    assert totals["allocated_gib_s"] == pytest.approx(sum(amount for amount, _ in told))


def test_requests_in_many_threads_lose_nothing():
    meter = Meter(sample_s=0.001, fit_s=0.05)
    meter.start()
    told, interval = [], sys.getswitchinterval()
    sys.setswitchinterval(1e-5)

    def work(name):
        mine = 0.0
        for _ in range(3000):
            token = meter.begin(name)
            found = meter.end(token)
            mine += found[0]
        told.append(mine)

    threads = [threading.Thread(target=work, args=(f"/{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.setswitchinterval(interval)
    totals = meter.totals()
    counts, weight = meter._allocation.counts(), meter._allocation._new_weight
    meter.stop()

    assert counts == ()
    assert weight == pytest.approx(0.0, abs=1e-6)
    assert balanced(totals)
    assert totals["allocated_gib_s"] == pytest.approx(sum(told))


def test_a_signal_handler_may_start_requests_within_the_start_of_another():
    meter = Meter(sample_s=0.005)
    meter.start()
    handled = []

    def handler(number, frame):
        handled.append(meter.end(meter.begin("/signal")))

    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    end = time.monotonic() + 1.0
    while time.monotonic() < end:
        meter.end(meter.begin("/a"))
    signal.setitimer(signal.ITIMER_REAL, 0.0)
    signal.signal(signal.SIGALRM, before)
    totals = meter.totals()
    counts = meter._allocation.counts()
    meter.stop()

    assert len(handled) > 50
    assert counts == ()
    assert balanced(totals)


def test_a_thread_samples_by_itself():
    meter = Meter(sample_s=0.01)
    meter.start()
    start, token = time.monotonic(), meter.begin("/a")
    held = bytearray(os.urandom(1)) * (128 * 2**20)
    time.sleep(0.5)
    told, elapsed_s = meter.end(token), time.monotonic() - start
    totals = meter.totals()
    meter.stop()

    assert len(held) > 0
    assert 0.5 * 0.5 / 8 < told[0] < 1.25 * elapsed_s / 8, "an eighth of a GiB, for half a second at least"
    assert totals["allocated_gib_s"] == pytest.approx(told[0])


def test_before_the_first_request_there_is_no_thread_and_totals_look_for_themselves(moved):
    before = threading.active_count()
    meter = Meter(moved.clock, moved.read, sample_s=3600.0)
    meter.start()
    moved.now, moved.size = moved.now + 1.0, 3 * GIB
    meter.totals()
    moved.now += 1.0
    assert meter.totals()["idle_gib_s"] == pytest.approx(1.0 + 3.0)
    assert threading.active_count() == before

    meter.end(meter.begin("/a"))
    assert threading.active_count() == before + 1

    meter.stop()
    assert threading.active_count() == before


def in_child(act):
    """What `act` returns in the child of a fork is truthy."""
    child = os.fork()
    if not child:
        code = 1
        try:
            code = 0 if act() else 2
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.fixture
def forking():
    made = Meter(sample_s=0.005)
    made.start()
    yield made
    made.stop()


def test_the_child_of_a_fork_has_its_own_books_and_samples_again(forking):
    parents = forking.begin("/parent")
    time.sleep(0.05)

    def child():
        forking.forked()
        threads = threading.active_count()
        if forking.end(parents) is not None or forking.totals()["integral_gib_s"] > 0.01 or threads != 1:
            return False
        token = forking.begin("/child")
        time.sleep(0.2)
        held = forking.totals()
        return forking.end(token) is not None and threading.active_count() == 2 and held["integral_gib_s"] > 0.0

    assert in_child(child) == 0
    assert forking.end(parents) is not None, "the parent's request is still the parent's"


def test_a_lock_that_was_held_while_forking_does_not_stop_the_child(forking):
    held, done = threading.Event(), threading.Event()

    def hold():
        with forking._lock:
            held.set()
            done.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(10)

    def child():
        forking.forked()
        return forking.end(forking.begin("/child")) is not None

    code = in_child(child)
    done.set()
    holder.join()
    assert code == 0


def test_totals_do_not_wait_for_a_lock_that_is_never_let_go(meter, monkeypatch):
    monkeypatch.setattr("codeops.instrument.memory.meter._PATIENCE_S", 0.05)
    held, done = threading.Event(), threading.Event()

    def hold():
        with meter._lock:
            held.set()
            done.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(10)

    assert meter.totals() == {}
    done.set()
    holder.join()
    assert balanced(meter.totals())


def test_a_meter_that_was_stopped_before_the_fork_stays_stopped(forking):
    forking.stop()

    def child():
        forking.forked()
        return forking.begin("/child") is None and forking.totals() == {} and threading.active_count() == 1

    assert in_child(child) == 0


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_processes_of_multiprocessing_end(method):
    context = multiprocessing.get_context(method)
    mine, theirs = context.Pipe()
    process = context.Process(target=serve_in_child, args=(theirs,))
    process.start()

    assert mine.poll(60)
    assert mine.recv() is True
    process.join(60)
    assert process.exitcode == 0


def test_the_container_is_told_where_there_is_one(meter):
    from codeops.instrument.memory.container import container_bytes

    totals = meter.totals()

    assert ("container_bytes" in totals) is (container_bytes() is not None)


def test_a_request_that_never_ends_takes_its_part_and_loses_nothing(meter, moved):
    meter.begin("/forgotten")
    token = meter.begin("/a")
    moved.size = 3 * GIB
    meter._sample()
    moved.now += 1.0

    assert meter.end(token) == (pytest.approx(1.0), "equal")
    totals = meter.totals()
    assert totals["allocated_gib_s"] - totals["ended_gib_s"] == pytest.approx(1.0)
    assert balanced(totals)

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from codeops import instrument
from codeops.core.errors import InvalidValue, UnknownUnit
from codeops.instrument import guard, recorder

REQUEST = ("stripe.charge", "{request}", ())


def charge() -> None:
    instrument.record("stripe.charge", 1)


def charge_in_a_pool(pool) -> None:
    pool.submit(charge).result()


def line_of(function) -> int:
    return function.__code__.co_firstlineno + 1


def test_what_is_recorded_is_summed_by_meter_unit_and_labels(here):
    with instrument.tally(here) as tally:
        instrument.record("stripe.charge", 1)
        instrument.record("stripe.charge", 2, kind="card")
        instrument.record("stripe.charge", 3, kind="card")
        instrument.record("llm.input", 7, model="m")

    assert tally.lines == {
        REQUEST: 1,
        ("stripe.charge", "{request}", (("kind", "card"),)): 5,
        ("llm.input", "{token}", (("model", "m"),)): 7,
    }


def test_sums_of_floats_are_exact(here):
    with instrument.tally(here) as tally:
        for _ in range(10):
            instrument.record("stripe.fee", 0.1, unit="{cent}")

    assert tally.lines == {("stripe.fee", "{cent}", ()): Decimal(1)}


def test_the_line_of_the_caller_is_the_site(here):
    with instrument.tally(here) as tally:
        charge()

    assert tally.sites == {REQUEST: {("test_recorder.py", line_of(charge), "charge"): 1}}


def test_without_a_tally_nothing_happens():
    known = len(guard.problems)

    instrument.record("Not A Meter", -1)

    assert recorder.current() is None
    assert len(guard.problems) == known, "not even a bad name is looked at"


def test_the_inner_tally_counts_alone(here):
    with instrument.tally(here) as outer, instrument.tally(here) as inner:
        charge()

    assert (outer.lines, inner.lines) == ({}, {REQUEST: 1})


def test_a_closed_tally_counts_no_more(here):
    release, done = threading.Event(), threading.Event()

    def late():
        release.wait()
        charge()
        done.set()

    instrument.install([])
    with instrument.tally(here) as tally:
        threading.Thread(target=late).start()
    release.set()
    done.wait()
    instrument.uninstall()

    assert tally.lines == {}


@pytest.mark.parametrize("amount", [-1, float("nan"), float("inf"), True, "3", Decimal(-1)])
def test_an_amount_that_is_none_is_refused(here, amount):
    with instrument.tally(here), pytest.raises(InvalidValue, match=r"stripe\.charge"):
        instrument.record("stripe.charge", amount)


def test_a_wrong_unit_or_name_is_refused(here):
    with instrument.tally(here):
        with pytest.raises(UnknownUnit):
            instrument.record("stripe.charge", 1, unit="furlong")
        with pytest.raises(InvalidValue):
            instrument.record("Stripe", 1)


def test_outside_of_our_tests_a_wrong_record_does_not_raise(here, monkeypatch, caplog):
    monkeypatch.setattr(guard, "strict", False)
    monkeypatch.setattr(guard, "problems", [])
    monkeypatch.setattr(guard, "_causes", set())

    with instrument.tally(here) as tally:
        instrument.record("Stripe", 1)
        instrument.record("Stripe", 1)

    assert tally.lines == {}
    assert [type(problem) for problem in guard.problems] == [InvalidValue]
    assert len(caplog.records) == 1


def test_work_given_to_a_pool_counts_for_the_request_that_gave_it(here, hooks):
    with ThreadPoolExecutor(1) as pool, instrument.tally(here) as tally:
        charge_in_a_pool(pool)

    assert tally.lines == {REQUEST: 1}


def test_a_pool_started_by_a_request_does_not_count_for_it_for_ever(here, hooks):
    with ThreadPoolExecutor(1) as pool:
        with instrument.tally(here) as first:
            pool.submit(int).result()
            release = threading.Event()
            with instrument.tally(here) as second:
                held = pool.submit(lambda: (release.wait(), charge()))
            release.set()
            held.result()
        pool.submit(charge).result()

    assert (first.lines, second.lines) == ({}, {})


def test_without_the_hooks_a_pool_loses_the_count(here):
    """The negative control of the two above: it is the hook that carries the tally."""
    with ThreadPoolExecutor(1) as pool, instrument.tally(here) as tally:
        charge_in_a_pool(pool)

    assert tally.lines == {}


def test_a_pool_call_without_own_code_is_at_the_line_that_submitted_it(here, hooks):
    with ThreadPoolExecutor(1) as pool, instrument.tally(here) as tally:
        pool.submit(instrument.record, "stripe.charge", 1).result()

    ((site, amount),) = tally.sites[REQUEST].items()
    assert (site[0], site[2], amount) == ("test_recorder.py", "test_a_pool_call_without_own_code_is_at_the_line_that_submitted_it", 1)


def test_a_thread_started_by_a_request_counts_for_it(here, hooks):
    with instrument.tally(here) as tally:
        thread = threading.Thread(target=charge)
        thread.start()
        thread.join()

    assert tally.lines == {REQUEST: 1}


def test_asyncio_to_thread_counts_for_the_request(here, hooks):
    async def handler():
        await asyncio.to_thread(instrument.record, "stripe.charge", 1)

    with instrument.tally(here) as tally:
        asyncio.run(handler())

    ((site, _),) = tally.sites[REQUEST].items()
    assert site[2].endswith("handler")


def test_requests_in_flight_together_are_kept_apart(here, hooks):
    async def one(number):
        with instrument.tally(here) as tally:
            for _ in range(number):
                await asyncio.sleep(0)
                charge()
            return tally.lines.get(REQUEST, 0)

    async def all_of_them():
        return await asyncio.gather(*(one(number) for number in range(1, 6)))

    assert asyncio.run(all_of_them()) == [1, 2, 3, 4, 5]


def test_many_threads_lose_no_count(here, hooks):
    with ThreadPoolExecutor(8) as pool, instrument.tally(here) as tally:
        for done in [pool.submit(lambda: [charge() for _ in range(200)]) for _ in range(20)]:
            done.result()

    assert tally.lines == {REQUEST: 4000}

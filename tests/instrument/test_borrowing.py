import asyncio
import gc
import threading
import time

import pytest
from asgiref.sync import async_to_sync, sync_to_async

import codeops


@pytest.fixture(params=["native", "pure"], autouse=True)
def _instrumented(request):
    codeops.instrument(ledger=request.param, memory=False, libraries=[])
    yield
    codeops.uninstrument()


def charge(times: int = 1) -> None:
    codeops.record("stripe.charge", times)


def charges() -> dict[str, float]:
    return {row.name: row.usage["stripe.charge"] for row in codeops.collect() if "stripe.charge" in row.usage}


def test_a_thread_that_is_given_a_bound_function_works_for_the_span_that_bound_it():
    with codeops.span("bound"):
        thread = threading.Thread(target=codeops.bind(charge))
        thread.start()
        thread.join()

    assert charges() == {"bound": 1}


def test_a_thread_that_is_given_a_plain_function_works_for_nobody():
    with codeops.span("unbound"):
        thread = threading.Thread(target=charge)
        thread.start()
        thread.join()

    assert charges() == {"(no span)": 1}


def test_a_span_within_bound_work_owns_its_part_and_no_more():
    def work():
        charge()
        with codeops.span("inner"):
            charge(10)
        charge()

    with codeops.span("outer"):
        thread = threading.Thread(target=codeops.bind(work))
        thread.start()
        thread.join()

    assert charges() == {"outer": 2, "inner": 10}


def test_a_bound_function_keeps_name_arguments_and_result_and_leaves_the_span_of_its_caller_alone():
    def doubled(number: int) -> int:
        """Twice."""
        charge()
        return 2 * number

    with codeops.span("first"):
        bound = codeops.bind(doubled)
    with codeops.span("second"):
        result = bound(21)
        charge(5)

    assert (result, bound.__name__, bound.__doc__) == (42, "doubled", "Twice.")
    assert charges() == {"first": 1, "second": 5}


def test_outside_of_a_span_bind_returns_the_function_itself():
    assert codeops.bind(charge) is charge


def test_asyncio_s_pool_works_for_the_task_that_asked_it():
    async def one(name: str) -> None:
        with codeops.span(name):
            await asyncio.get_running_loop().run_in_executor(None, charge)
            await asyncio.to_thread(charge, 2)

    async def all_of_them() -> None:
        await asyncio.gather(*(one(f"task {number}") for number in range(5)))

    asyncio.run(all_of_them())

    assert charges() == {f"task {number}": 3 for number in range(5)}


def test_a_context_that_asgiref_carries_back_brings_no_owner_with_it():
    """`async_to_sync` copies every context variable of the work back to where it was ordered: the owner came with them."""

    async def view() -> None:
        await sync_to_async(charge)()

    threads = set(threading.enumerate())
    with codeops.span("first"):
        async_to_sync(view)()
    until = time.monotonic() + 10
    while set(threading.enumerate()) - threads and time.monotonic() < until:
        gc.collect()  # asgiref leaves the thread of its loop to the collector
        time.sleep(0.01)
    with codeops.span("second"):
        charge(5)

    assert charges() == {"first": 1, "second": 5}
    assert {row.root for row in codeops.collect() if row.name == "second"} == {"second"}

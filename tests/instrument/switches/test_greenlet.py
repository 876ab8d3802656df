"""Greenlets of gevent and eventlet: each is paid for its own work, in every thread that has a hub."""

import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import gevent
import greenlet
import pytest
from gevent.hub import Hub
from gevent.pool import Pool
from kept import MS, Kept, burn, in_thread

from codeops.instrument.switches import greenlet as switch

PROGRAMS = Path(__file__).with_name("programs")

NEAR = 0.3
"""How wrong a request may be paid: a few milliseconds of work, with what the loop does in between, on a busy machine."""


@pytest.fixture
def followed(books: Kept) -> Iterator[Kept]:
    switch.install(books.keeper)

    yield books

    switch.uninstall()


@contextlib.contextmanager
def hub() -> Generator[None]:
    """A hub of gevent in this thread, for a while."""
    gevent.get_hub()
    try:
        yield
    finally:
        gevent.get_hub().destroy(destroy_loop=True)


class Requests:
    """Requests that interleave, each with an account and a known amount of work."""

    def __init__(self, books: Kept, number: int = 12) -> None:
        self.books, self.accounts = books, books.accounts(number)
        self.spent_ns = [0] * number

    def one(self, index: int) -> None:
        self.books.keeper.enter(self.accounts[index])
        for step in range(5):
            self.spent_ns[index] += burn(1.5 * (index % 4 + 1))
            gevent.sleep(0.001 if step % 2 else 0)
        self.books.keeper.enter(None)

    def all(self) -> None:
        pool = Pool()
        for index in range(len(self.accounts)):
            pool.spawn(self.one, index)
        pool.join(raise_error=True)

    def errors(self) -> list[float]:
        """Of each request: how wrong what it was paid is, as a part of the truth."""
        self.books.keeper.settle_all()
        return [abs(account.self_ns - spent) / spent for account, spent in zip(self.accounts, self.spent_ns, strict=True)]


def with_hub(work: Callable[[], Any]) -> Any:
    """What `work` returns in a thread that has a hub of its own."""

    def working() -> Any:
        with hub():
            return work()

    return in_thread(working)


def test_requests_that_interleave_are_paid_what_they_consumed(followed: Kept) -> None:
    requests = Requests(followed)
    with_hub(Requests(followed, 4).all)  # the first time everything is slow

    with_hub(requests.all)

    assert max(requests.errors()) < NEAR


def test_without_the_switch_requests_are_paid_for_each_other(books: Kept) -> None:
    requests = Requests(books)

    with_hub(requests.all)

    assert max(requests.errors()) > 2 * NEAR


def test_each_thread_with_a_hub_is_followed(followed: Kept) -> None:
    requests = [Requests(followed, 4) for _ in range(3)]
    threads = [threading.Thread(target=with_hub, args=(each.all,)) for each in requests]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert max(max(each.errors()) for each in requests) < NEAR


def test_a_hub_that_was_there_before_is_followed_in_the_thread_that_installs(books: Kept) -> None:
    requests = Requests(books, 4)

    def work() -> None:
        switch.install(books.keeper)
        requests.all()
        switch.uninstall()

    with_hub(work)

    assert max(requests.errors()) < NEAR


def test_what_no_span_owns_in_a_hubs_thread_is_the_loops(followed: Kept) -> None:
    def work() -> None:
        gevent.get_hub().loop.run_callback(burn, 3)
        gevent.sleep(0.001)

    with_hub(work)
    followed.keeper.settle_all()

    assert followed.loop.self_ns >= 3 * MS


def test_a_greenlet_that_is_killed_lets_the_next_one_go_on_for_its_owner(followed: Kept) -> None:
    killed, other = followed.accounts(2)

    def dying() -> None:
        followed.keeper.enter(killed)
        try:
            gevent.sleep(60)
        finally:
            burn(2)

    def work() -> None:
        dies = gevent.spawn(dying)
        gevent.sleep(0)
        followed.keeper.enter(other)
        burn(1)
        dies.kill()
        burn(1)
        followed.keeper.enter(None)

    with_hub(work)
    followed.keeper.settle_all()

    assert killed.self_ns == pytest.approx(2 * MS, rel=0.2)
    assert other.self_ns == pytest.approx(2 * MS, rel=0.2)


def test_an_exception_comes_out_unchanged(followed: Kept) -> None:
    problem = KeyError("ours")

    def failing() -> None:
        raise problem

    def work() -> object:
        failed = greenlet.greenlet(failing)
        with pytest.raises(KeyError) as raised:
            failed.switch()
        return raised.value

    assert with_hub(work) is problem


def test_the_trace_function_of_others_is_called_in_either_order(followed: Kept) -> None:
    def work() -> tuple[list[str], list[str], bool]:
        below: list[str] = []
        above: list[str] = []
        greenlet.settrace(lambda event, _: below.append(event))
        with hub():
            ours = greenlet.gettrace()

            def theirs(event: str, args: Any) -> None:
                above.append(event)
                ours(event, args)

            greenlet.settrace(theirs)
            requests = Requests(followed, 4)
            requests.all()
            switch.uninstall()
            is_left = greenlet.gettrace() is theirs
            gevent.sleep(0)
            return below, above, is_left and max(requests.errors()) < NEAR

    below, above, is_well = in_thread(work)

    assert len(below) > 20
    assert len(above) >= len(below) - 2
    assert is_well


def test_the_switch_leaves_no_trace(books: Kept) -> None:
    before = vars(Hub)["__init__"]

    def theirs(*_: object) -> None:
        """Somebody else's trace function."""

    def work() -> list[object]:
        greenlet.settrace(theirs)
        switch.install(books.keeper)
        with hub():
            during = greenlet.gettrace()
            switch.uninstall()
            return [during, greenlet.gettrace(), books.keeper.current()]

    during, after, owner = in_thread(work)

    assert during is not theirs
    assert after is theirs
    assert owner is books.thread
    assert vars(Hub)["__init__"] is before


def test_a_thread_that_outlives_the_switch_forgets_it_with_its_next_greenlet(books: Kept) -> None:
    def work() -> object:
        in_thread(switch.uninstall)
        gevent.sleep(0)
        return greenlet.gettrace()

    switch.install(books.keeper)

    assert with_hub(work) is None


def test_nothing_is_hooked_for_greenlets_of_others(followed: Kept) -> None:
    def work() -> object:
        greenlet.greenlet(lambda: None).switch()
        return greenlet.gettrace()

    assert in_thread(work) is None


def told(name: str, keeper: ModuleType, *arguments: str) -> Any:
    """What a program of `programs/` prints as JSON, on a ledger of its own."""
    kind = keeper.__name__.rpartition(".")[2].strip("_")
    command = [sys.executable, "-W", "ignore", str(PROGRAMS / f"{name}.py"), kind, *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, ""), f"{ended.stderr}\n{ended.stdout}"
    return json.loads(ended.stdout)


@pytest.mark.parametrize("order", ["patch first", "instrument first"])
def test_a_program_that_gevent_patched_adds_up(keeper: ModuleType, order: str) -> None:
    """Its threads are greenlets, and `threading.local` is theirs: nothing of the real thread may be forgotten."""
    found = told("patched", keeper, order)

    assert found["errors"] == []
    assert max(found["route_errors"]) < NEAR
    assert abs(found["residual_ratio"]) < 0.02
    assert found["thread_owner_is_none"]


def test_requests_of_eventlet_are_paid_what_they_consumed(keeper: ModuleType) -> None:
    pytest.importorskip("eventlet")

    assert max(told("evented", keeper)["route_errors"]) < NEAR
    assert max(told("evented", keeper, "off")["route_errors"]) > 0.5

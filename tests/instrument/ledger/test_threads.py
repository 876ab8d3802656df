"""Threads: each is seen from its first switch to its end, and while it works long without one."""

import _thread
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from kept import MS, Kept, burn, in_thread, wait_for


class Worker:
    """A thread that burns for an account without any switch until it is let go; `begun_ns` is its clock before that."""

    def __init__(self, books: Kept, account: object) -> None:
        self.books, self.account = books, account
        self.is_over = False
        self.now_ns = 0
        self.thread = threading.Thread(target=self.work)
        self.thread.start()
        wait_for(lambda: self.now_ns > 0)

    def work(self) -> None:
        self.books.keeper.switch_to(self.account)
        self.begun_ns = time.thread_time_ns()
        while not self.is_over:
            burn(0.5)
            self.now_ns = time.thread_time_ns()

    def advance(self, ms: float) -> int:
        """Waits until it has consumed so much more; its clock then."""
        goal = self.now_ns + ms * MS
        wait_for(lambda: self.now_ns >= goal)
        return self.now_ns

    def end(self) -> None:
        self.is_over = True
        self.thread.join()


@pytest.fixture
def worker(books: Kept) -> Iterator[Callable[[object], Worker]]:
    started: list[Worker] = []

    def start(account: object) -> Worker:
        started.append(Worker(books, account))
        return started[-1]

    yield start

    for each in started:
        each.end()


def test_a_thread_that_works_long_is_paid_from_another_one(books: Kept, worker: Callable[[object], Worker]) -> None:
    (account,) = books.accounts(1)
    working = worker(account)

    before_ns = working.advance(5)
    tids = books.keeper.settle_all()
    held_ns = account.self_ns
    after_ns = working.advance(1)

    assert working.thread.native_id in tids
    assert before_ns - working.begun_ns <= held_ns <= after_ns - working.begun_ns + MS


def test_without_that_settlement_nothing_of_it_is_seen(books: Kept, worker: Callable[[object], Worker]) -> None:
    (account,) = books.accounts(1)

    worker(account).advance(5)

    assert account.self_ns == 0


def test_all_of_an_ended_thread_is_paid_exactly(either_clock: Kept) -> None:
    keeper, (account,) = either_clock.keeper, either_clock.accounts(1)

    def work() -> tuple[int, int]:
        keeper.switch_to(account)
        burn(3)
        return threading.get_native_id(), time.thread_time_ns()

    tid, clock_ns = in_thread(work)
    assert tid not in keeper.settle_all()

    assert account.self_ns + either_clock.thread.self_ns >= clock_ns
    assert account.self_ns >= 3 * MS
    assert either_clock.known[tid] >= clock_ns  # what others may see of it for a moment was paid already


def test_a_thread_without_threading_is_seen_to_end_too(books: Kept) -> None:
    keeper, (account,) = books.keeper, books.accounts(1)
    found: list[int] = []

    def work() -> None:
        keeper.switch_to(account)
        burn(3)
        found.append(threading.get_native_id())

    _thread.start_new_thread(work, ())
    wait_for(lambda: bool(found) and not Path(f"/proc/self/task/{found[0]}").exists())
    keeper.settle_all()

    assert account.self_ns >= 3 * MS


def test_a_thread_that_left_and_comes_back_is_not_paid_twice(books: Kept) -> None:
    keeper, (account,) = books.keeper, books.accounts(1)

    def work() -> int:
        for _ in range(3):
            keeper.switch_to(account)
            burn(1)
            keeper.switch_to(None)
            keeper.leave_thread()
        return threading.get_native_id()

    tid = in_thread(work)

    assert books.paid_ns([account]) == pytest.approx(books.known[tid], abs=MS // 5)
    assert account.self_ns == pytest.approx(3 * MS, rel=0.2)


def test_a_thread_is_accounted_for_from_where_others_left_off(books: Kept) -> None:
    def work() -> int:
        spent = burn(5)
        books.known[threading.get_native_id()] = time.thread_time_ns()
        books.keeper.switch_to(None)
        books.keeper.leave_thread()
        return spent

    spent = in_thread(work)

    assert books.thread.self_ns < spent / 2


def test_the_number_of_an_ended_thread_says_nothing_about_the_next_one_that_has_it(books: Kept) -> None:
    def work() -> tuple[int, int]:
        books.known[threading.get_native_id()] = 10**15
        books.keeper.switch_to(None)
        burn(1)
        books.keeper.leave_thread()
        return threading.get_native_id(), time.thread_time_ns()

    tid, clock_ns = in_thread(work)

    assert books.thread.self_ns == books.known[tid] <= clock_ns


def test_threads_that_come_and_go_are_forgotten(books: Kept) -> None:
    keeper, (account,) = books.keeper, books.accounts(1)

    for _ in range(200):
        in_thread(lambda: keeper.switch_to(account))

    assert len(keeper.settle_all()) <= 1


def test_a_pool_keeps_the_owners_of_its_items_apart(either_clock: Kept) -> None:
    keeper, accounts = either_clock.keeper, either_clock.accounts(8)
    spent_ns = dict.fromkeys(range(8), 0)

    def item(index: int) -> tuple[int, int]:
        before = keeper.switch_to(accounts[index])
        spent = burn(2 * (index + 1))
        keeper.switch_to(before)
        return index, spent

    with ThreadPoolExecutor(4) as pool:
        for index, spent in pool.map(item, [*range(8)] * 6):
            spent_ns[index] += spent
    keeper.settle_all()

    for index, account in enumerate(accounts):
        assert account.self_ns == pytest.approx(spent_ns[index], rel=0.1)


def test_new_books_of_a_process_with_other_threads_begin_at_zero(books: Kept, worker: Callable[[object], Worker]) -> None:
    keeper, (old, new) = books.keeper, books.accounts(2)
    working = worker(old)
    working.advance(3)
    keeper.settle_all()
    keeper.stop()
    held_ns = old.self_ns
    working.advance(20)  # nobody's

    books.open_anew()
    begun_ns = working.now_ns
    in_thread(lambda: keeper.switch_to(new))
    working.advance(3)
    keeper.settle_all()
    consumed_ns = working.advance(1) - begun_ns

    assert old.self_ns == held_ns
    assert 2 * MS <= books.thread.self_ns <= consumed_ns + 2 * MS
    keeper.stop()


def test_books_that_are_closed_and_opened_again_and_again_hold(books: Kept, worker: Callable[[object], Worker]) -> None:
    for turn in range(50):
        account = books.accounts(1)[0]
        if turn % 10 == 0:
            worker(account)
        books.keeper.switch_to(account)
        books.keeper.settle_all()
        books.keeper.stop()
        books.open_anew()

    assert books.keeper.current() is books.thread


def test_what_is_noted_of_threads_that_are_gone_is_bounded(books: Kept) -> None:
    keeper = books.keeper
    mine = threading.get_native_id()
    books.known.update(dict.fromkeys(range(2**22, 2**22 + 5_000), 7))  # numbers that the system gives to no thread

    for _ in range(3):
        in_thread(lambda: keeper.switch_to(None))
        keeper.settle_all()

    assert len(books.known) < 10
    assert mine in books.known

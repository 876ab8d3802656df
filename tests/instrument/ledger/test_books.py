"""The books of a process: what all threads consume is found in them, whether the ledger ever saw a thread or not."""

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any

import pytest
from kept import MS, burn, in_thread

from codeops.instrument.ledger.books import Books


@pytest.fixture
def opened(keeper: ModuleType) -> Iterator[Books]:
    keeper.leave_thread()
    books = Books(keeper)
    books.start()

    yield books

    books.stop()


def owned(books: Books, account: Any, ms: float) -> None:
    """Work of an owner, in this thread."""
    before = books.keeper.switch_to(account)
    burn(ms)
    books.keeper.switch_to(before)


def read(books: Books, *accounts: Any) -> Any:
    books.settle()
    return books.balance(sum(account.self_ns + account.late_ns for account in accounts), 0)


def test_spans_and_buckets_are_what_the_process_consumed(opened: Books) -> None:
    accounts = [opened.keeper.Account() for _ in range(4)]

    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            list(pool.map(lambda account: owned(opened, account, 5), accounts))
            burn(5)
    balance = read(opened, *accounts)

    assert balance.spans_ns >= 100 * MS
    assert balance.error_ratio <= 0.01
    assert balance.spans_ns <= 1.001 * balance.process_ns


def test_threads_that_come_and_go_leave_nothing_unaccounted(opened: Books) -> None:
    account = opened.keeper.Account()

    for _ in range(20):
        in_thread(lambda: owned(opened, account, 3))
        opened.settle()
    balance = read(opened, account)

    assert balance.spans_ns >= 60 * MS
    assert balance.error_ratio <= 0.03


def test_a_thread_that_the_ledger_never_saw_has_a_bucket(opened: Books) -> None:
    over, there = threading.Event(), threading.Event()

    def unseen() -> None:
        burn(5)
        there.set()
        over.wait()

    thread = threading.Thread(target=unseen)
    thread.start()
    there.wait()
    balance = read(opened)
    over.set()
    thread.join()

    assert balance.buckets_ns["unattributed.thread"] >= 5 * MS
    assert balance.error_ratio <= 0.05


def test_what_was_consumed_before_the_start_is_nobodys(opened: Books) -> None:
    over, there = threading.Event(), threading.Event()
    thread = threading.Thread(target=lambda: (burn(5), there.set(), over.wait()))
    thread.start()
    there.wait()
    opened.stop()
    burn(5)

    again = Books(opened.keeper)
    again.start()
    balance = read(again)
    over.set()
    thread.join()

    assert sum(balance.buckets_ns.values()) < 4 * MS + balance.buckets_ns["unattributed.children"]


def test_a_thread_that_is_first_seen_while_the_books_are_read_is_paid_once(opened: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was in the list of threads and not yet the keeper's when each was read."""
    account = opened.keeper.Account()
    goes_on, is_seen, is_over = threading.Event(), threading.Event(), threading.Event()

    def late() -> None:
        burn(20)
        goes_on.wait()
        owned(opened, account, 1)
        is_seen.set()
        is_over.wait()

    thread = threading.Thread(target=late)
    thread.start()
    while time.clock_gettime_ns((~thread.native_id << 3) | 6) < 20 * MS:
        time.sleep(0.001)
    listed = os.listdir

    def listing(path: str) -> list[str]:
        goes_on.set()
        is_seen.wait()
        return listed(path)

    monkeypatch.setattr(os, "listdir", listing)
    first = read(opened, account)
    monkeypatch.setattr(os, "listdir", listed)
    second = read(opened, account)
    is_over.set()
    thread.join()

    for balance in (first, second):
        assert balance.spans_ns + sum(balance.buckets_ns.values()) - balance.buckets_ns["unattributed.children"] < 1.2 * second.process_ns
    assert second.error_ratio <= 0.1


def test_without_proc_what_python_consumed_before_is_nobodys_and_the_books_balance(
    keeper: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_path: str) -> list[str]:
        raise FileNotFoundError

    other, is_over = threading.Thread(target=lambda: (burn(30), is_over.wait())), threading.Event()
    other.start()
    keeper.leave_thread()
    burn(30)
    monkeypatch.setattr(os, "listdir", missing)
    books, account = Books(keeper), keeper.Account()
    books.start()

    owned(books, account, 20)
    in_thread(lambda: owned(books, account, 20))
    balance = read(books, account)
    books.stop()
    is_over.set()
    other.join()

    assert balance.spans_ns == pytest.approx(40 * MS, rel=0.1)
    assert balance.error_ratio <= 0.02

"""Who owns the thread, and what the interval since the last change is paid to."""

import gc
import time
from contextvars import copy_context
from types import ModuleType

import pytest
from kept import MS, Kept, burn, in_thread

NEAR = 0.1
"""Of a burn of some milliseconds, what the switches around it may cost."""


def test_each_owner_is_paid_what_it_consumed(either_clock: Kept) -> None:
    keeper, accounts = either_clock.keeper, either_clock.accounts(3)
    spent_ns = [0, 0, 0]

    for _ in range(10):
        for index, account in enumerate(accounts):
            keeper.switch_to(account)
            spent_ns[index] += burn(0.2 * (index + 1))
    keeper.switch_to(None)

    for account, spent in zip(accounts, spent_ns, strict=True):
        assert account.self_ns == pytest.approx(spent, rel=NEAR)


def test_short_intervals_share_what_the_thread_clock_says(books: Kept) -> None:
    keeper, (one, other) = books.keeper, books.accounts(2)
    begin = time.thread_time_ns()

    for _ in range(2_000):
        keeper.switch_to(one)
        keeper.switch_to(other)
    keeper.switch_to(None)

    spent = time.thread_time_ns() - begin
    assert one.self_ns + other.self_ns == pytest.approx(spent, rel=0.2)
    assert min(one.self_ns, other.self_ns) > 0.1 * spent


def test_sleeping_costs_nobody_anything(either_clock: Kept) -> None:
    keeper, (account,) = either_clock.keeper, either_clock.accounts(1)

    keeper.switch_to(account)
    time.sleep(0.05)
    keeper.switch_to(None)

    assert account.self_ns < 5 * MS


def test_switch_to_returns_the_owner_before_and_current_the_one_now(books: Kept) -> None:
    keeper, (one, other) = books.keeper, books.accounts(2)

    assert keeper.switch_to(one) is books.thread
    assert keeper.switch_to(other) is one
    assert keeper.current() is other
    assert keeper.switch_to(None) is other
    assert keeper.current() is books.thread


def test_enter_names_the_owner_of_the_context_too(books: Kept) -> None:
    keeper, (account,) = books.keeper, books.accounts(1)

    keeper.enter(account)

    assert keeper.current() is account
    assert books.owner_var.get() is account
    assert copy_context().run(books.owner_var.get) is account


def test_resync_follows_the_context(books: Kept) -> None:
    keeper, (account,) = books.keeper, books.accounts(1)
    context = copy_context()
    context.run(books.owner_var.set, account)

    context.run(keeper.resync)
    inside = keeper.current()
    keeper.resync()

    assert inside is account
    assert keeper.current() is books.thread


@pytest.mark.parametrize("stranger", [object(), 7, "account"])
def test_what_is_no_account_owns_nothing(books: Kept, stranger: object) -> None:
    books.keeper.enter(stranger)

    assert books.keeper.current() is books.thread


def test_an_account_of_books_that_were_closed_owns_nothing(books: Kept) -> None:
    keeper, (old,) = books.keeper, books.accounts(1)
    keeper.enter(old)
    keeper.stop()
    books.open_anew()

    keeper.resync()
    resynced = keeper.current()
    keeper.switch_to(old)
    burn(1)
    keeper.switch_to(None)

    assert resynced is books.thread
    assert old.self_ns == 0


def test_finish_pays_what_is_pending_at_once(books: Kept) -> None:
    keeper, (account,) = books.keeper, books.accounts(1)
    begin = time.thread_time_ns()
    keeper.switch_to(account)
    spent = burn(0.01)

    found = keeper.finish(account)

    assert found == account.self_ns
    assert 0.5 * spent < found <= time.thread_time_ns() - begin + 20_000  # a wait of that length may hide in it


def test_finish_pays_an_account_that_became_pending_in_another_thread_meanwhile(books: Kept) -> None:
    keeper, (account, other) = books.keeper, books.accounts(2)
    keeper.mark_loop(True)  # nothing is settled just because nobody owns the thread
    for owner in (account, other, None):
        keeper.switch_to(owner)
    in_thread(lambda: [keeper.switch_to(owner) for owner in (other, account, None)])
    keeper.switch_to(account)
    keeper.switch_to(None)

    first = keeper.finish(account)
    second = keeper.finish(account)

    assert first == second > 0
    keeper.mark_loop(False)


def test_what_finish_paid_is_taken_off_the_next_settlement(books: Kept) -> None:
    keeper, (account, other) = books.keeper, books.accounts(2)

    def work() -> int:
        keeper.switch_to(account)
        for _ in range(50):
            burn(0.005)
            keeper.finish(account)
        keeper.switch_to(other)
        burn(1)
        keeper.leave_thread()
        return time.thread_time_ns()

    clock_ns = in_thread(work)

    assert account.self_ns + other.self_ns <= clock_ns


def test_the_loop_has_a_bucket_of_its_own_where_it_runs(books: Kept) -> None:
    keeper = books.keeper

    was_loop = keeper.mark_loop(True)
    spent = burn(2)
    owner, was_loop_then = keeper.current(), keeper.mark_loop(was_loop)
    keeper.settle_all()

    assert (was_loop, was_loop_then) == (False, True)
    assert owner is books.loop
    assert books.loop.self_ns == pytest.approx(spent, rel=NEAR)
    assert keeper.current() is books.thread


def test_marking_the_loop_does_not_take_the_thread_from_its_owner(books: Kept) -> None:
    keeper, (account,) = books.keeper, books.accounts(1)
    keeper.switch_to(account)

    keeper.mark_loop(True)

    assert keeper.current() is account
    assert keeper.switch_to(None) is account
    assert keeper.current() is books.loop


def test_a_collection_is_paid_to_its_bucket_and_the_saved_owner_goes_on(books: Kept) -> None:
    keeper, (account,) = books.keeper, books.accounts(1)
    collected_ns = collect_with(keeper.collecting, books, account)

    assert keeper.switch_to(None) is account  # although no context names it, as in the item of an executor
    assert books.gc.self_ns == pytest.approx(collected_ns, rel=NEAR)
    assert account.self_ns < 0.5 * collected_ns


def test_without_the_callback_whoever_triggers_a_collection_pays_for_it(books: Kept) -> None:
    (account,) = books.accounts(1)

    collected_ns = collect_with(None, books, account)

    books.keeper.switch_to(None)
    assert books.gc.self_ns == 0
    assert account.self_ns >= collected_ns


def collect_with(callback: object, books: Kept, account: object) -> int:
    """Collects a lot of garbage for the account; what the collection took."""
    stamps: list[int] = []
    litter: list[object] = []
    gc.collect()
    gc.disable()
    for _ in range(100_000):
        litter = [litter]
    first = litter
    while first[0]:
        first = first[0]
    first.append(litter)
    callbacks = [lambda *_: stamps.append(time.thread_time_ns()), callback, lambda *_: stamps.append(time.thread_time_ns())]
    books.keeper.switch_to(account)
    del litter, first
    gc.callbacks[:0] = [each for each in callbacks if each is not None]
    try:
        gc.collect()
    finally:
        gc.callbacks[:] = [each for each in gc.callbacks if each not in callbacks]
        gc.enable()
    return stamps[2] - stamps[1]


def test_a_ledger_that_does_not_run_says_so_and_disturbs_nobody(keeper: ModuleType) -> None:
    keeper.stop()

    with pytest.raises(RuntimeError, match="not running"):
        keeper.switch_to(None)
    with pytest.raises(RuntimeError, match="not running"):
        keeper.current()
    assert keeper.mark_loop(True) is False
    assert keeper.settle_all() == []
    keeper.collecting("start", {})
    keeper.resync()
    keeper.leave_thread()


def test_a_running_ledger_is_not_started_again(books: Kept) -> None:
    with pytest.raises(RuntimeError, match="already"):
        books.open_anew()

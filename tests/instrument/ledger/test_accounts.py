"""An account: what it holds, who inherits it, and what becomes of it when it is dropped."""

import gc
from types import ModuleType

import pytest
from kept import MS, Kept, burn


def paid(books: Kept, account: object, ms: float) -> int:
    """Lets the account consume CPU; what it holds then."""
    books.keeper.switch_to(account)
    burn(ms)
    books.keeper.switch_to(None)
    return account.self_ns


def test_a_new_account_is_empty_and_open(keeper: ModuleType) -> None:
    account = keeper.Account()

    assert (account.self_ns, account.late_ns, account.children_ns, account.lines, account.is_ended) == (0, 0, 0, None, False)


def test_the_heir_gets_what_an_ended_account_holds_and_the_account_remembers_it(books: Kept) -> None:
    account, heir = books.accounts(2)
    held_ns, had_ns = paid(books, account, 2), paid(books, heir, 1)
    account.charge_child(5)

    account.end(heir)

    assert (heir.self_ns, heir.children_ns) == (held_ns + had_ns, 5)
    assert (account.self_ns, account.children_ns, account.is_ended) == (held_ns, 5, True)


def test_an_account_that_ends_in_an_ended_one_is_paid_to_the_last_of_the_chain(books: Kept) -> None:
    account, middle, last = books.accounts(3)
    middle.end(last)
    held_ns = paid(books, account, 1)
    account.charge_child(7)

    account.end(middle)

    assert (middle.self_ns, last.self_ns, last.children_ns) == (held_ns, held_ns, 7)


def test_cpu_after_the_end_is_late_and_goes_along_the_chain_of_heirs(either_clock: Kept) -> None:
    account, middle, last = either_clock.accounts(3)
    held_ns = paid(either_clock, account, 1)
    account.end(middle)
    middle.end(last)

    paid(either_clock, account, 3)

    assert account.self_ns == middle.self_ns == last.self_ns == held_ns
    assert account.late_ns == middle.late_ns == last.late_ns >= 3 * MS


def test_a_child_that_is_reaped_after_the_end_is_paid_along_the_chain_of_heirs(keeper: ModuleType) -> None:
    account, middle, last = (keeper.Account() for _ in range(3))
    account.end(middle)
    middle.end(last)

    account.charge_child(9)

    assert [each.children_ns for each in (account, middle, last)] == [9, 9, 9]


def test_the_second_end_changes_nothing(books: Kept) -> None:
    account, first, second = books.accounts(3)
    held_ns = paid(books, account, 1)

    account.end(first)
    account.end(second)

    assert (first.self_ns, second.self_ns) == (held_ns, 0)


@pytest.mark.parametrize("act", ["end", "move"])
def test_an_account_cannot_become_its_own_heir(keeper: ModuleType, act: str) -> None:
    account, middle, last = (keeper.Account() for _ in range(3))
    middle.end(last)
    last.end(account)

    for heir in (account, middle, last):
        with pytest.raises(ValueError, match="its own heir"):
            getattr(account, act)(heir)
    with pytest.raises(TypeError, match="heir of an account"):
        getattr(account, act)(object())


def test_what_is_moved_is_held_by_the_other_one_and_counted_from_zero_here(books: Kept) -> None:
    account, total = books.accounts(2)
    held_ns = paid(books, account, 1)

    account.move(total)
    again_ns = paid(books, account, 1)
    account.end(total)

    assert total.self_ns == held_ns + again_ns
    assert account.self_ns == again_ns


def test_nothing_is_moved_out_of_an_ended_account(books: Kept) -> None:
    account, heir, total = books.accounts(3)
    held_ns = paid(books, account, 1)
    account.end(heir)

    account.move(total)

    assert (heir.self_ns, total.self_ns) == (held_ns, 0)


def test_open_accounts_are_those_that_were_not_ended(keeper: ModuleType) -> None:
    account, other = keeper.Account(), keeper.Account()

    account.end(other)

    found = keeper.open_accounts()
    assert any(one is other for one in found)
    assert not any(one is account for one in found)


@pytest.mark.parametrize("is_in_a_cycle", [False, True])
def test_an_account_that_is_dropped_without_an_end_leaves_everything(books: Kept, is_in_a_cycle: bool) -> None:
    class Owner(books.keeper.Account):
        __slots__ = ("other",)

    account = Owner()
    books.keeper.set_drop(account)
    account.lines = {"db.query": 3}
    account.other = account if is_in_a_cycle else None
    held_ns = paid(books, account, 2)
    account.charge_child(11)

    del account
    gc.collect()

    assert (books.unended.self_ns, books.unended.children_ns) == (held_ns, 11)
    assert books.keeper.lost == [{"db.query": 3}]


def test_an_ended_account_that_is_dropped_leaves_nothing_twice(books: Kept) -> None:
    account, heir = books.accounts(2)
    books.keeper.set_drop(account)
    account.lines = {"db.query": 3}
    paid(books, account, 1)
    account.end(heir)

    del account

    assert (books.unended.self_ns, books.keeper.lost) == (0, [])


def test_an_account_without_a_place_to_leave_to_is_just_gone(books: Kept) -> None:
    (account,) = books.accounts(1)
    account.lines = {"db.query": 3}
    paid(books, account, 1)

    del account

    assert (books.unended.self_ns, books.keeper.lost) == (0, [])


def test_the_bucket_of_unended_spans_is_not_left_to_itself(books: Kept) -> None:
    books.keeper.set_drop(books.unended)

    assert not books.unended.is_ended


def test_heirs_in_a_cycle_of_references_are_collected(keeper: ModuleType) -> None:
    dropped = []

    class Owner(keeper.Account):
        __slots__ = ("other",)

        def __del__(self) -> None:
            dropped.append(1)

    account, heir = Owner(), Owner()
    account.other, heir.other = heir, account
    account.end(heir)

    del account, heir
    gc.collect()

    assert dropped == [1, 1]

"""What the nightly job leaves behind."""

import pytest

from reports import storage
from reports.bench import ACCOUNTS, EVENTS_A_DAY, UNTIL
from reports.rollup import roll_up

pytestmark = pytest.mark.usefixtures("service")


def test_the_job_writes_the_day_and_the_fortnight_of_each_active_account() -> None:
    accounts = roll_up(UNTIL)

    assert accounts == len(ACCOUNTS)
    for account in ACCOUNTS:
        days = storage.read_days(account, UNTIL)
        assert sum(days[-1].totals.values()) == sum(10 + number % 90 for number in range(EVENTS_A_DAY))
        assert storage.read_summary(account, UNTIL).totals["storage.gib"] == sum(day.totals["storage.gib"] for day in days)


def test_the_job_gives_the_same_objects_when_it_is_done_again() -> None:
    roll_up(UNTIL)
    first = storage.read_summary("acme", UNTIL)

    roll_up(UNTIL)

    assert storage.read_summary("acme", UNTIL) == first

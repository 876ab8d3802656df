"""The nightly job: a day's events become totals, and fourteen days of totals a summary."""

from collections import Counter
from collections.abc import Iterable
from datetime import date

from reports.database import accounts_of, totals_of
from reports.messages import Day, Summary, Totals
from reports.storage import read_days, write_day, write_summary

__all__ = ["roll_up", "sum_up"]


def roll_up(day: date) -> int:
    """The day and the fortnight of each account that was active on `day`; how many accounts that were.

    Doing it again gives the same objects.
    """
    accounts = accounts_of(day)
    for account in accounts:
        write_day(account, Day(day=day, totals=totals_of(account, day)))
        write_summary(account, Summary(until=day, totals=sum_up(read_days(account, day))))
    return len(accounts)


def sum_up(days: Iterable[Day]) -> Totals:
    """The totals of several days together, by kind in alphabetical order."""
    total: Counter[str] = Counter()
    for day in days:
        total.update(day.totals)
    return dict(sorted(total.items()))

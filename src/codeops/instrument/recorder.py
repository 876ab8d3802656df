"""How much of which meter was consumed, and at which lines of the user's code, while a tally is open."""

import os
import threading
from collections.abc import Collection, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import Decimal

from codeops.core.errors import CodeOpsError, InvalidValue
from codeops.core.location import Location
from codeops.core.meter import check_name, unit_of
from codeops.core.unit import Unit
from codeops.instrument import callsite
from codeops.instrument.callsite import Site
from codeops.instrument.guard import guarded

__all__ = ["Amount", "Line", "Tally", "count", "current", "record", "scope", "tally"]

Amount = int | float | Decimal
"""What may be recorded; sums are exact, because a float is taken as the decimal number it prints as."""

Line = tuple[str, str, tuple[tuple[str, str], ...]]
"""A meter, the unit it is counted in, and its labels, sorted."""


class Tally:
    """What was consumed while it was open, from any thread or task that belongs to the work.

    `lines` holds the sum of each line, `sites` how much of it came from which (file, line number, function).
    A call without a line of the user's code on its stack is in `lines` and in no site.
    """

    __slots__ = ("_is_open", "_lock", "lines", "root", "sites")

    def __init__(self, root: str) -> None:
        self.root = root
        self.lines: dict[Line, int | Decimal] = {}
        self.sites: dict[Line, dict[Site, int | Decimal]] = {}
        self._lock = threading.Lock()
        self._is_open = True

    def add(self, line: Line, amount: Amount, site: Site | None = None) -> None:
        """Counts `amount`; ignored once the tally is closed, because it is then nobody's."""
        exact = Decimal(str(amount)) if isinstance(amount, float) else amount
        with self._lock:
            if not self._is_open:
                return
            self.lines[line] = self.lines.get(line, 0) + exact
            if site is not None:
                places = self.sites.setdefault(line, {})
                places[site] = places.get(site, 0) + exact

    def close(self) -> None:
        """Ends counting: what a left-over thread does later belongs to no request."""
        with self._lock:
            self._is_open = False


_current: ContextVar[Tally | None] = ContextVar("codeops_tally", default=None)


def current() -> Tally | None:
    """The tally that counts in this context, or None."""
    return _current.get()


@contextmanager
def scope(tally: Tally | None) -> Generator[None]:
    """Makes `tally` the current one in this context for a while; None stops counting."""
    token = _current.set(tally)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def tally(root: str = "") -> Generator[Tally]:
    """Counts what the block consumes; call sites are lines of files under `root`, the working directory if empty."""
    counting = Tally(os.path.realpath(root or os.curdir))
    try:
        with scope(counting):
            yield counting
    finally:
        counting.close()


def record(meter: str, amount: Amount, *, unit: str | None = None, **labels: str) -> None:
    """Counts `amount` of a meter of the user's own, such as `stripe.charge`; without a tally it does nothing.

    Units: `unit` in the grammar of the price book, `{request}` (or the unit of a known meter) when left out.
    A wrong name, unit or amount is logged once and raises nothing; a benchmark reports it as its failure.
    """
    if _current.get() is not None:
        guarded(_record, meter, amount, unit, labels)


def _record(meter: str, amount: Amount, unit: str | None, labels: dict[str, str]) -> None:
    try:
        _demand_amount(meter, amount)
        line_unit = Unit.parse(unit or unit_of(check_name(meter))).symbol
    except CodeOpsError as problem:
        tally = _current.get()
        site = callsite.find(tally.root)[0] if tally else None
        problem.location = Location(site[0], site[1]) if site else None
        raise
    count(meter, amount, line_unit, labels)


def _demand_amount(meter: str, amount: Amount) -> None:
    if isinstance(amount, bool) or not isinstance(amount, int | float | Decimal) or not 0 <= amount < float("inf"):
        raise InvalidValue(
            f"{amount!r} of {meter} cannot be recorded", why="an amount is a number, zero or more", fix="record what was consumed"
        )


def count(
    meter: str,
    amount: Amount,
    unit: str = "",
    labels: dict[str, str] | None = None,
    *,
    below: Collection[str] = (),
    site: Site | None = None,
) -> None:
    """Counts for the current tally, at the line of the user's code that is running.

    `below` names packages that count the same call themselves: when one of them stands between this call and
    the user's code, nothing is counted here. `site` is given when the caller knows the line already.
    """
    tally = _current.get()
    if tally is None:
        return
    if site is None:
        site, is_covered = callsite.find(tally.root, below)
        if is_covered:
            return
    tally.add((meter, unit or unit_of(meter), tuple(sorted(labels.items())) if labels else ()), amount, site)

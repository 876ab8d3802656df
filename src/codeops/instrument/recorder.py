"""How much of which meter was consumed: for a benchmark's tally with the lines of the user's code, for a span without."""

import os
import sys
import threading
from collections.abc import Collection, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import Decimal
from functools import lru_cache
from numbers import Integral, Real
from typing import Any, Protocol

from codeops.core.errors import CodeOpsError, InvalidValue
from codeops.core.location import Location
from codeops.core.meter import COMMON, EGRESS, check_name, unit_of
from codeops.core.unit import Unit
from codeops.instrument import callsite
from codeops.instrument.callsite import Site
from codeops.instrument.guard import guarded
from codeops.instrument.network import INTERNET

__all__ = [
    "Amount",
    "Line",
    "Sink",
    "Tally",
    "connect",
    "count",
    "current",
    "current_tally",
    "egress",
    "evaluated",
    "lookup",
    "note",
    "record",
    "scope",
    "tally",
]

Amount = int | float | Decimal
"""What may be recorded; sums are exact, because a float is taken as the decimal number it prints as."""

Line = tuple[str, str, tuple[tuple[str, str], ...]]
"""A meter, the unit it is counted in, and its labels, sorted."""


class Sink(Protocol):
    """Whoever counts in production; `root` is None, since nobody asks for lines of code there."""

    root: None

    def add(self, line: Line, amount: float) -> None:
        """Counts for the span that is active in this context."""

    def add_to_request(self, line: Line, amount: float) -> None:
        """Counts for the local root of this context."""

    def label(self, name: str, value: str) -> None:
        """Labels the request of this context."""

    def lookup(self, hit: bool) -> None:
        """A cache was asked."""

    def evaluated(self, flag: str, variant: str) -> None:
        """A feature flag was evaluated."""


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


_units: dict[str, Unit] = {}
"""The unit of each meter of the user's own, by name."""

_MOST_UNITS = 1000
_current: ContextVar[Tally | None] = ContextVar("codeops_tally", default=None)
_sink: Sink | None = None


def connect(sink: Sink | None) -> None:
    """Lets everything be counted by `sink` too; None ends that."""
    global _sink  # ruff: ignore[global-statement] - one process has one accounting
    _sink = sink
    _units.clear()


def current() -> Tally | Sink | None:
    """Who counts in this context, or None: a hook that finds None has nothing to do."""
    return _current.get() or _sink


def current_tally() -> Tally | None:
    """The benchmark's tally that counts in this context, or None."""
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
    """Counts `amount` of a meter of the user's own, such as `stripe.charge`; where nobody measures it does nothing.

    Units: `unit` in the grammar of the price book. Left out it is that of a known meter, else the one that the meter was
    recorded in first, else `{request}`; an amount in another one is converted, and refused where it measures another thing.
    A wrong name, unit or amount is logged once and raises nothing; a benchmark reports it as its failure.
    """
    if current() is not None:
        guarded(_record, meter, amount, unit, labels)


def _record(meter: str, amount: Amount, unit: str | None, labels: dict[str, str]) -> None:
    try:
        line_unit = _unit(check_name(meter if isinstance(meter, str) else repr(meter)), unit)
        exact = _number(meter, amount)
        if unit is not None and unit != line_unit.symbol:
            exact = Unit.parse(unit).convert(Decimal(str(exact)), line_unit)
    except CodeOpsError as problem:
        problem.about = str(meter)
        tally = _current.get()
        site = callsite.find(tally.root)[0] if tally else None
        problem.location = Location(site[0], site[1]) if site else None
        raise
    count(meter, exact, line_unit.symbol, {name: str(value) for name, value in labels.items() if value is not None})


def _unit(meter: str, given: str | None) -> Unit:
    """The unit that amounts of a meter are counted in: one for each meter, or sums would mean nothing."""
    known = _units.get(meter)
    if known is None:
        known = Unit.parse(unit_of(meter) if given is None or meter in COMMON else given)
        if len(_units) < _MOST_UNITS:
            _units[meter] = known
    return known


def _number(meter: str, amount: Any) -> Amount:
    """The amount as a number of Python's own."""
    number: Amount | None = None
    if isinstance(amount, Decimal):
        number = amount
    elif type(amount) is not bool and isinstance(amount, Real):  # numpy's numbers too
        number = int(amount) if isinstance(amount, Integral) else float(amount)
    if number is None or (isinstance(number, Decimal) and number.is_nan()) or not 0 <= number <= sys.float_info.max:
        raise InvalidValue(
            f"{amount!r} of {meter} cannot be recorded", why="an amount is a number, zero or more", fix="record what was consumed"
        )
    return number


def count(
    meter: str,
    amount: Amount,
    unit: str = "",
    labels: dict[str, str] | None = None,
    *,
    below: Collection[str] = (),
    site: Site | None = None,
) -> None:
    """Counts for the tally of this context, at the line of the user's code that is running, and for its span.

    `below` names packages that count the same call themselves: when one of them stands between this call and
    the user's code, nothing is counted here. `site` is given when the caller knows the line already.
    """
    tally, sink = _current.get(), _sink
    if tally is None and sink is None:
        return
    if site is None and (tally is not None or below):
        site, is_covered = callsite.find(tally.root if tally is not None else None, below)
        if is_covered:
            return
    line = (meter, unit or unit_of(meter), tuple(sorted(labels.items())) if labels else ())
    if tally is not None:
        tally.add(line, amount, site)
    if sink is not None:
        sink.add(line, float(amount) if isinstance(amount, Decimal) else amount)


def egress(size: int, destination: str) -> None:
    """Counts bytes of a response that a server sends, for the request's root span: a benchmark counts the response itself."""
    if _sink is not None and size:
        _sink.add_to_request(_egress_line(destination), size)


@lru_cache(maxsize=64)
def _egress_line(destination: str) -> Line:
    return (EGRESS, unit_of(EGRESS), (("destination", destination),) if destination != INTERNET else ())


def note(name: str, value: str) -> None:
    """Labels the request that this context works for; the last one wins."""
    if _sink is not None:
        _sink.label(name, value)


def lookup(hit: bool) -> None:
    """A cache was asked: the request's label `cache_hit` is true as long as every look-up hit."""
    if _sink is not None:
        _sink.lookup(hit)


def evaluated(flag: str, variant: str) -> None:
    """A feature flag was evaluated for the request that this context works for."""
    if _sink is not None:
        _sink.evaluated(flag, variant)

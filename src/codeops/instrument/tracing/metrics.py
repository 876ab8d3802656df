"""Metrics: usage and cost of all spans, sampled or not, and whether the books balance; `METRICS` in core/attribute.py lists them.

Sums over `codeops.usage` equal what the process consumed: the ledger's buckets are there with their name as `cost.root`.
The counters only grow, for as long as the process lives: through `uninstrument()` and a second `instrument()`, and in the
child after a fork they go on from what was reported last, because the SDK's readers remember that and would else tell of
negative amounts.
"""

import functools
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Meter, Observation

from codeops._version import __version__
from codeops.core.attribute import (
    COST_CURRENCY,
    COST_METER,
    COST_METER_UNIT,
    COST_ROOT,
    METRIC_COST,
    METRIC_LEDGER_ERROR,
    METRIC_REQUESTS,
    METRIC_UNPRICED,
    METRIC_USAGE,
)
from codeops.instrument.accounting import Accounting
from codeops.instrument.guard import complain
from codeops.instrument.totals import Row

__all__ = ["install", "observe", "uninstall"]

_OLD_S = 1.0
"""How long a look at the totals may serve the callbacks of one collection."""

Labels = tuple[tuple[str, Any], ...]
Amounts = Iterator[tuple[dict[str, Any], float]]
Callback = Callable[[CallbackOptions], Iterable[Observation]]


class _Look:
    """One look at the totals of `accounting`, for all callbacks of one collection."""

    def __init__(self, accounting: Accounting) -> None:
        self.accounting, self.epoch = accounting, accounting.epoch
        self.rows = accounting.report()
        self.at_s = time.monotonic()
        self.served: set[str] = set()


_accounting: Accounting | None = None
_are_made = False
_look: _Look | None = None
_before: dict[str, dict[Labels, float]] = {}
"""By counter: what was reported before this accounting, or before the fork."""
_reported: dict[str, dict[Labels, float]] = {}
"""By counter: what was reported last; empty while no reader ever asked."""
_epoch = 0


def install(accounting: Accounting) -> None:
    """Reports `accounting` from now on. Instruments are made once: the API has no way to take one back."""
    global _accounting, _are_made, _epoch  # ruff: ignore[global-statement] - one process has one set of instruments
    _accounting, _epoch = accounting, accounting.epoch
    if not _are_made:
        _are_made = True
        observe(metrics.get_meter("codeops", __version__))


def observe(meter: Meter) -> None:
    """Makes the instruments on `meter`."""
    for name, (unit, description, _) in _COUNTERS.items():
        meter.create_observable_counter(name, [_safe(functools.partial(_count, name))], unit=unit, description=description)
    meter.create_observable_gauge(METRIC_LEDGER_ERROR, [_safe(_error)], unit="1", description="CPU in no span and no bucket, 0 to 1.")
    each = "{meter}"  # ruff: ignore[missing-f-string-syntax] - a unit of UCUM
    meter.create_observable_gauge(METRIC_UNPRICED, [_safe(_unpriced)], unit=each, description="Meters consumed that have no price.")


def _safe(callback: Callback) -> Callback:
    """The callback, whose fault is told once and not at each collection, as the SDK would."""

    def observed(options: CallbackOptions) -> Iterable[Observation]:
        try:
            return callback(options)
        except Exception as problem:
            complain(problem)
            return []

    return observed


def uninstall() -> None:
    """Reports nothing any more; what was counted is kept for the next time."""
    global _accounting, _look, _before  # ruff: ignore[global-statement]
    if _accounting is not None and _reported:
        try:
            _look = _Look(_accounting)
            _before = {name: _sums(name, _look) for name in _COUNTERS}
        except Exception as problem:
            complain(problem)
    _accounting = _look = None


def _looked(name: str) -> _Look | None:
    """A look at the totals that the metric `name` has not had yet, so that each collection gets a new one."""
    global _look, _before, _epoch  # ruff: ignore[global-statement]
    accounting, look = _accounting, _look
    if accounting is None:
        return None
    if accounting.epoch != _epoch:
        _epoch, _before = accounting.epoch, _reported.copy()  # this is the child after a fork
    is_new = look is not None and look.accounting is accounting and look.epoch == accounting.epoch and name not in look.served
    if look is None or not is_new or time.monotonic() - look.at_s > _OLD_S:
        try:
            look = _look = _Look(accounting)
        except Exception as problem:
            complain(problem)
            return None
    look.served.add(name)
    return look


def _count(name: str, _options: CallbackOptions) -> Iterable[Observation]:
    look = _looked(name)
    if look is None:
        return []
    sums = _reported[name] = _sums(name, look)
    return [Observation(amount, dict(labels)) for labels, amount in sums.items()]


def _sums(name: str, look: _Look) -> dict[Labels, float]:
    sums = dict(_before.get(name, {}))
    for labels, amount in _COUNTERS[name][2](look.accounting, look.rows):
        key = tuple(sorted(labels.items()))
        sums[key] = sums.get(key, 0) + amount
    return sums


def _labels(row: Row) -> dict[str, Any]:
    return {COST_ROOT: row.root or row.name, **row.labels}


def _usage(_accounting: Accounting, rows: list[Row]) -> Amounts:
    for row in rows:
        for meter, amount in row.usage.items():
            yield {**_labels(row), COST_METER: meter, COST_METER_UNIT: row.measured_in[meter]}, amount


def _cost(accounting: Accounting, rows: list[Row]) -> Amounts:
    if accounting.rates is not None:
        currency = {COST_CURRENCY: accounting.rates.book.currency}
        for row in rows:
            if row.cost or (row.cost is not None and not row.unpriced):  # what has no price does not cost nothing
                yield {**_labels(row), **currency}, row.cost


def _requests(_accounting: Accounting, rows: list[Row]) -> Amounts:
    for row in rows:
        if row.requests:
            yield _labels(row), row.requests


def _error(_options: CallbackOptions) -> Iterable[Observation]:
    look = _looked(METRIC_LEDGER_ERROR)
    balance = look.accounting.balance() if look is not None and look.rows else None
    return [Observation(balance.error_ratio)] if balance is not None else []


def _unpriced(_options: CallbackOptions) -> Iterable[Observation]:
    look = _looked(METRIC_UNPRICED)
    return [Observation(len({meter for row in look.rows for meter in row.unpriced}))] if look is not None and look.rows else []


_COUNTERS: dict[str, tuple[str, str, Callable[[Accounting, list[Row]], Amounts]]] = {
    METRIC_USAGE: ("1", "Usage by meter, in the unit cost.meter.unit.", _usage),
    METRIC_COST: ("1", "Cost by root, in the currency cost.currency.", _cost),
    METRIC_REQUESTS: ("{request}", "Local root spans that ended.", _requests),
}
"""Name → unit, description, and how its amounts by labels are found."""

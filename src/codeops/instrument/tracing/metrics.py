"""Metrics: usage and cost of all spans, sampled or not, and whether the books balance.

| metric | unit | what |
|---|---|---|
| `codeops.usage` | `cost.meter.unit` | amounts by `cost.meter`, `cost.root` and the labels of the request |
| `codeops.cost` | `cost.currency` | the same in money; meters without a price are missing here and not in `codeops.usage` |
| `codeops.requests` | `{request}` | local root spans that ended |
| `codeops.ledger.error` | 1 | CPU of the process that is in no span and no bucket, as a part of all: the invariant holds while it is below 0.005 |
| `codeops.unpriced` | `{meter}` | meters that were consumed and have no price |

Sums over `codeops.usage` equal what the process consumed: the ledger's buckets are there with their name as `cost.root`.
"""

import time
from collections.abc import Iterable
from typing import Any

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Observation

from codeops._version import __version__
from codeops.core.attribute import COST_CURRENCY, COST_METER, COST_METER_UNIT, COST_ROOT
from codeops.core.meter import unit_of
from codeops.instrument.accounting import Accounting
from codeops.instrument.guard import complain
from codeops.instrument.totals import Row

__all__ = ["install", "uninstall"]

_FRESH_S = 1.0
"""The callbacks of one collection share one look at the totals."""

_accounting: Accounting | None = None
_are_made = False
_rows: list[Row] = []
_read_s = float("-inf")


def install(accounting: Accounting) -> None:
    """Reports `accounting` from now on. Instruments are made once: the API has no way to take one back."""
    global _accounting, _are_made, _read_s  # ruff: ignore[global-statement]
    _accounting, _read_s = accounting, float("-inf")
    if _are_made:
        return
    _are_made = True
    meter = metrics.get_meter("codeops", __version__)
    meter.create_observable_counter("codeops.usage", [_usage], unit="1", description="Usage by meter, in the unit cost.meter.unit.")
    meter.create_observable_counter("codeops.cost", [_cost], unit="1", description="Cost by root, in the currency cost.currency.")
    meter.create_observable_counter("codeops.requests", [_requests], unit="{request}", description="Local root spans that ended.")
    meter.create_observable_gauge("codeops.ledger.error", [_error], unit="1", description="CPU in no span and no bucket, 0 to 1.")
    meter.create_observable_gauge("codeops.unpriced", [_unpriced], unit="{meter}", description="Meters consumed that have no price.")


def uninstall() -> None:
    """Reports nothing any more."""
    global _accounting  # ruff: ignore[global-statement]
    _accounting = None


def _current() -> list[Row]:
    global _rows, _read_s  # ruff: ignore[global-statement]
    if _accounting is None:
        return []
    now = time.monotonic()
    if now - _read_s > _FRESH_S:
        try:
            _rows = _accounting.report()
        except Exception as problem:
            complain(problem)
            return []
        _read_s = now
    return _rows


def _labels(row: Row) -> dict[str, Any]:
    return {COST_ROOT: row.root or row.name, **row.labels}


def _summed(amounts: Iterable[tuple[dict[str, Any], float]]) -> Iterable[Observation]:
    sums: dict[tuple[tuple[str, Any], ...], float] = {}
    for labels, amount in amounts:
        key = tuple(sorted(labels.items()))
        sums[key] = sums.get(key, 0) + amount
    return [Observation(amount, dict(key)) for key, amount in sums.items()]


def _usage(_options: CallbackOptions) -> Iterable[Observation]:
    return _summed(
        ({**_labels(row), COST_METER: meter, COST_METER_UNIT: unit_of(meter)}, amount)
        for row in _current()
        for meter, amount in row.usage.items()
    )


def _cost(_options: CallbackOptions) -> Iterable[Observation]:
    rates = _accounting.rates if _accounting is not None else None
    if rates is None:
        return []
    currency = {COST_CURRENCY: rates.book.currency}
    return _summed(({**_labels(row), **currency}, row.cost) for row in _current() if row.cost is not None)


def _requests(_options: CallbackOptions) -> Iterable[Observation]:
    return _summed((_labels(row), row.requests) for row in _current() if row.requests)


def _error(_options: CallbackOptions) -> Iterable[Observation]:
    _current()
    balance = _accounting.balance() if _accounting is not None else None
    return [Observation(balance.error_ratio)] if balance is not None else []


def _unpriced(_options: CallbackOptions) -> Iterable[Observation]:
    return [Observation(len({meter for row in _current() for meter in row.unpriced}))] if _accounting is not None else []

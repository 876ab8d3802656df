"""How wrong a ledger is: the four measures of one reading, pure arithmetic."""

import statistics
from dataclasses import dataclass, field
from typing import Any

from work import ROUTES, child_of

__all__ = ["Accuracy", "Reading", "accuracy"]

CHILDREN = "unattributed.children"
"""The one bucket outside of the process's own clock."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one run yielded: seconds by the ledger, seconds in truth, and the process's own clock."""

    process_s: float
    spans: dict[str, float]
    """Seconds that were attributed to each span name, late ones included."""
    buckets: dict[str, float]
    true: dict[str, float]
    """Seconds that each key really took, see `work.Truth`."""
    units: dict[str, float]
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Ratios; 0 is perfect in all but `over_attribution`, where 1 would be all of the process."""

    conservation: float
    """(Spans + buckets) over the process's clock, less 1."""
    over_attribution: float
    """Spans over the process's clock."""
    median_error: float
    worst_error: float
    raw_error: float
    """The median of the errors as they are, with nothing taken off for the framework."""
    unit_shares: dict[str, float]
    """Of each key, its share of the attributed seconds over its share of the units, less 1."""

    @property
    def unit_share_error(self) -> float:
        """The worst of `unit_shares`."""
        return max(abs(error) for error in self.unit_shares.values())


def accuracy(reading: Reading) -> Accuracy:
    """The measures of a reading of W1 to W4."""
    spans = sum(reading.spans.values())
    buckets = sum(seconds for name, seconds in reading.buckets.items() if name != CHILDREN)
    errors = [abs(_error(reading, key, null)) for key, null in _keys()]
    return Accuracy(
        conservation=(spans + buckets) / reading.process_s - 1,
        over_attribution=spans / reading.process_s,
        median_error=statistics.median(errors),
        worst_error=max(errors),
        unit_shares=_unit_shares(reading),
        raw_error=statistics.median(abs(reading.spans.get(key, 0.0) / reading.true[key] - 1) for key, _ in _keys()),
    )


def _keys() -> list[tuple[str, str]]:
    """Each key with the null key of the same kind."""
    routes = [route for route, weight in ROUTES.items() if weight]
    return [(route, "/null") for route in routes] + [(child_of(route), child_of("/null")) for route in routes]


def _error(reading: Reading, key: str, null: str) -> float:
    """The control-adjusted error of a key: what `/null` has beyond its truth is real work of the framework.

    A key that was never attributed anything has 0 seconds: an error of 100 %, not a missing figure.
    """
    framework = reading.spans.get(null, 0.0) - reading.true[null]
    return (reading.spans.get(key, 0.0) - framework - reading.true[key]) / reading.true[key]


def _unit_shares(reading: Reading) -> dict[str, float]:
    """Shares of seconds against shares of units: no clock of ours is in it, so an error that ledger and truth share shows here."""
    adjusted = {key: reading.spans.get(key, 0.0) - reading.spans.get(null, 0.0) for key, null in _keys()}
    seconds, units = sum(adjusted.values()), sum(reading.units[key] for key in adjusted)
    if seconds <= 0:
        return dict.fromkeys(adjusted, -1.0)  # nothing was attributed to any route
    return {key: adjusted[key] / seconds / (reading.units[key] / units) - 1 for key in adjusted}

"""Standings: how a route stands against its relative limit."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from codeops.core.report import Verdict
from codeops.gate.interval import Interval

__all__ = ["Standing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one route stands against its relative limit.

    Units: `delta` money per request, `ratio` of the base cost, both over what can be compared; None where there is nothing to
    compare with. `need` says what would decide an open verdict, `doubt` why nothing can. `grew` are the meters of which pairs prove
    that more is used; `errors` the standard errors of what they found, as ratios of the base's use.
    """

    verdict: Verdict
    delta: Interval | None = None
    ratio: Interval | None = None
    need: str = ""
    doubt: str = ""
    grew: frozenset[str] = frozenset()
    errors: Mapping[str, float] = field(default_factory=dict)

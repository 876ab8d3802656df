"""Waivers: what a project lets pass for a while although a budget is broken, who answers for it, and until when."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fnmatch import fnmatchcase

from codeops.core.location import Location

__all__ = ["Ceiling", "Waiver", "WaiverResult", "WaiverState"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceiling:
    """Up to where a waiver holds.

    Units: `kind` says what `amount` is, as budgets do: `regression` a ratio of the base cost (0.12 is 12 %), `per_1k` money for
    1,000 requests, `per_unit` money for one unit of a job, `monthly_increase` money a month that the change adds. `currency` is
    empty for a ratio.
    """

    kind: str
    amount: Decimal
    currency: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """One waiver of the file.

    `route` is a name or a pattern (`/v1/*`), empty for any route and for the suite's own budget; `rule` is the name of a finding
    (`route-regression`), empty for whatever is about the cost of the route. It holds up to and including the day `until`.
    """

    reason: str
    owner: str
    until: date
    route: str = ""
    rule: str = ""
    ceiling: Ceiling | None = None
    location: Location | None = None

    @property
    def about(self) -> str:
        """What it is for, as messages name it: `/v1/*`, `route-regression of /v1/report`."""
        return " of ".join(part for part in (self.rule, self.route) if part)

    def is_over(self, day: date) -> bool:
        """Whether it has expired on `day`."""
        return day > self.until

    def is_for(self, route: str) -> bool:
        """Whether it names `route`; the suite as a whole (empty) only where no route is named."""
        return not self.route or (bool(route) and (route == self.route or fnmatchcase(route, self.route)))


class WaiverState(StrEnum):
    """How a waiver stands on the day of a report."""

    HOLDS = "holds"
    EXCEEDED = "exceeded"
    EXPIRED = "expired"
    UNUSED = "unused"


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverResult:
    """A waiver and how it stands; `text` says so in one line."""

    waiver: Waiver
    state: WaiverState
    text: str

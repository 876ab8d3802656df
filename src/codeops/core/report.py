"""The report: one value that holds what was checked, what it costs, and what to do about it.

Every output (terminal, Markdown, SARIF, a policy's input) shows this value and computes nothing of its own.

History of the schema:
- 1 (0.1.0): routes with costs, changes by meter, causes, budgets, findings and caveats.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from codeops.core.cost import Caveat
from codeops.core.finding import Finding
from codeops.core.location import Location
from codeops.core.snapshot import Environment, PriceBookRef
from codeops.core.waiver import Waiver, WaiverResult

__all__ = ["REPORT_SCHEMA", "BudgetResult", "Cause", "Change", "MeterChange", "Report", "RouteResult", "Side", "Verdict", "worst"]

REPORT_SCHEMA = 1
"""The newest version of the schema; readers accept all older ones."""


class Verdict(StrEnum):
    """What a check concluded. `inconclusive` says what it would need; it is never folded into `pass`."""

    PASS = "pass"  # ruff: ignore[hardcoded-password-string] - a verdict, not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


def worst(verdicts: "list[Verdict]") -> Verdict:
    """The verdict of several: any failure fails, else anything open leaves it open."""
    for verdict in (Verdict.FAIL, Verdict.INCONCLUSIVE):
        if verdict in verdicts:
            return verdict
    return Verdict.PASS


class Change(StrEnum):
    """How a route stands between base and head."""

    COMPARED = "compared"
    NEW = "new"
    GONE = "gone"
    ZERO_BASE = "zero-base"


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side of a comparison: which commit, measured when and where, and its own price book, None when not known.

    Units: `created_at` ISO 8601 in UTC; `git_sha` full commit id, empty when not known.
    """

    label: str = ""
    git_sha: str = ""
    dirty: bool = False
    created_at: str = ""
    environment: Environment | None = None
    pricebook: PriceBookRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterChange:
    """One meter of one route, before and after, and what the change costs per request.

    Units: `base`, `head` in `unit` per request, None when that side did not use the meter at all or is not known;
    `base_cost`, `head_cost` money per request at the head's price book, None when it has no price.
    `quantity_effect` = (head - base) × today's price, None when it is not compared (CPU against a stored baseline).
    `price_effect` = base × (today's price - the base's own), None when that is not known.
    `exact` says that both amounts are counts that repeat; others carry `error`, the standard error of head - base.
    """

    meter: str
    unit: str
    base: Decimal | None = None
    head: Decimal | None = None
    base_cost: Decimal | None = None
    head_cost: Decimal | None = None
    quantity_effect: Decimal | None = None
    price_effect: Decimal | None = None
    exact: bool = True
    error: Decimal = Decimal(0)
    labels: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A line of code whose consumption grew: "+5 S3 GETs at app/reports.py:41", and what helps.

    Units: `amount` in `unit` per request; `cost` money per request, `monthly` money a month; None: not known.
    """

    text: str
    meter: str
    unit: str
    amount: Decimal
    cost: Decimal | None = None
    monthly: Decimal | None = None
    location: Location | None = None
    code: str = ""
    advice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteResult:
    """One route or job: its cost on both sides, the verdict, and why.

    Units: `base_cost`, `head_cost` money per request (per call of a job), each as it was measured. `delta` is the part of
    their difference that can be compared (CPU and memory only with pairs), all of the cost where a route is new or gone;
    `ratio` = `delta` / `base_cost`, with the interval [`ratio_low`, `ratio_high`] that noise leaves, None where unbounded;
    `limit` is what the budget allows.
    `quantity_effect` + `price_effect` + `residual` = `head_cost` - what the base cost at its own prices; the residual is what is not
    compared, or was measured under other labels.
    `requests_per_month` is configured traffic; `monthly_base`, `monthly_head` money a month at it. `base_requests_per_month` is what
    the base configures; `traffic_effect`, money a month, what the difference costs at the base's own cost. So the three effects
    times `requests_per_month`, and `traffic_effect`, add up to what the month costs more than the base's month.
    `at_least` says that a meter without a price is left out of the figures.
    """

    name: str
    kind: str = "route"
    change: Change = Change.COMPARED
    verdict: Verdict = Verdict.PASS
    base_cost: Decimal | None = None
    head_cost: Decimal | None = None
    delta: Decimal | None = None
    ratio: Decimal | None = None
    ratio_low: Decimal | None = None
    ratio_high: Decimal | None = None
    limit: Decimal | None = None
    quantity_effect: Decimal | None = None
    price_effect: Decimal | None = None
    residual: Decimal | None = None
    at_least: bool = False
    unit: str = ""
    units: Decimal | None = None
    samples: int = 0
    requests_per_month: int | None = None
    monthly_base: Decimal | None = None
    monthly_head: Decimal | None = None
    base_requests_per_month: int | None = None
    traffic_effect: Decimal | None = None
    meters: tuple[MeterChange, ...] = ()
    causes: tuple[Cause, ...] = ()
    notes: tuple[str, ...] = ()
    caveats: tuple[Caveat, ...] = ()

    @property
    def monthly_delta(self) -> Decimal | None:
        """What the change costs a month at the configured traffic: `delta`, or else all that the two sides differ by.

        None where a side that exists has no figure.
        """
        if self.delta is not None and self.requests_per_month is not None:
            return self.delta * self.requests_per_month
        lacks_base = self.change is not Change.NEW and self.monthly_base is None
        lacks_head = self.change is not Change.GONE and self.monthly_head is None
        return None if lacks_base or lacks_head else (self.monthly_head or Decimal(0)) - (self.monthly_base or Decimal(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetResult:
    """One budget and how it stands. `text` states limit and value on one line.

    Under a waiver (`waived`) it keeps its verdict, which then decides nothing.
    Units: `limit` and `value` are ratios for `regression`, money otherwise (`per_1k`, `per_unit`, `monthly_increase`).
    """

    kind: str
    route: str
    verdict: Verdict
    limit: Decimal
    value: Decimal | None
    text: str
    waived: Waiver | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything one run found out, in the order in which people want to read it.

    Units: money in `currency`; `monthly_delta` is money a month over the routes whose traffic is configured. It holds what usage
    changes; `monthly_price_effect` and `monthly_traffic_effect` are what prices and traffic add by themselves, None when not known.
    """

    schema: int = REPORT_SCHEMA
    verdict: Verdict
    summary: str
    currency: str
    pricebook: PriceBookRef
    head: Side
    base: Side | None = None
    routes: tuple[RouteResult, ...] = ()
    budgets: tuple[BudgetResult, ...] = ()
    findings: tuple[Finding, ...] = ()
    caveats: tuple[Caveat, ...] = ()
    monthly_delta: Decimal | None = None
    monthly_price_effect: Decimal | None = None
    monthly_traffic_effect: Decimal | None = None
    codeops: str = ""
    waivers: tuple[WaiverResult, ...] = ()

"""Budgets: what a route, a job or the whole suite may cost, and by how much it may rise."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from codeops.core.money import Money

__all__ = ["DEFAULT_REGRESSION", "Budget", "RouteBudget"]

DEFAULT_REGRESSION = Decimal("0.08")
"""By how much a route's cost may rise where nothing is configured, as a ratio."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteBudget:
    """The limits of one route; None means that the suite's limit holds, or none.

    Units: `regression` a ratio of the base cost (0.08 is 8 %), `per_1k` money for 1,000 requests,
    `per_unit` money for one unit of a job.
    """

    regression: Decimal | None = None
    per_1k: Money | None = None
    per_unit: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The limits of the suite.

    Units: `monthly_increase` is money a month over all routes at the configured traffic.
    """

    regression: Decimal = DEFAULT_REGRESSION
    per_1k: Money | None = None
    monthly_increase: Money | None = None
    routes: Mapping[str, RouteBudget] = field(default_factory=dict)

    def of(self, route: str) -> RouteBudget:
        """The limits that hold for `route`, its own before the suite's."""
        own = self.routes.get(route, RouteBudget())
        return RouteBudget(
            regression=self.regression if own.regression is None else own.regression,
            per_1k=self.per_1k if own.per_1k is None else own.per_1k,
            per_unit=own.per_unit,
        )

"""The case: everything that one run judges, and how far its two sides can be compared."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal

from codeops.core.budget import Budget
from codeops.core.money import Money
from codeops.core.pricebook import PriceBook
from codeops.core.snapshot import Snapshot
from codeops.gate.evidence import Evidence, Pairs

__all__ = ["ARITHMETIC", "Case"]

ARITHMETIC = Context(prec=120)
"""Arithmetic that rounds no sum, difference or product of costs (each at most 30 decimals); only quotients round."""

_NOTHING = Evidence()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Head and base (None on a first run) with the prices, budgets and traffic to judge them by.

    `evidence` is what measuring both in one job found out. `base_book` and `base_traffic` are the base's own where they are known.
    `is_plain` compares every cost as it is recorded, CPU included, as `codeops compare` does.
    Units: `traffic` is requests a month by route.
    """

    head: Snapshot
    base: Snapshot | None
    book: PriceBook
    budget: Budget
    traffic: Mapping[str, int]
    at: date
    evidence: Evidence = _NOTHING
    base_book: PriceBook | None = None
    base_traffic: Mapping[str, int] | None = None
    is_plain: bool = False

    @property
    def routes(self) -> list[str]:
        """The routes and jobs of both sides by name, sorted."""
        return sorted({*self.head.routes, *(self.base.routes if self.base else ())})

    @property
    def difference(self) -> str:
        """Why CPU of the two sides does not compare; empty when both ran in the same environment."""
        if self.base is None:
            return ""
        here, there = self.head.meta.environment, self.base.meta.environment
        if here is None or there is None:
            missing = [side for side, environment in (("base", there), ("head", here)) if environment is None]
            return f"the environment of {' and '.join(missing)} is not recorded"
        return here.difference(there)

    def base_requests(self, route: str) -> int | None:
        """How many requests a month the base's configuration says `route` has; None where it is not known."""
        return None if self.base_traffic is None else self.base_traffic.get(route)

    def pairs(self, route: str) -> Pairs | None:
        """What pairs found of `route`; None where none were measured."""
        return self.evidence.pairs.get(route)

    def limit(self, route: str) -> Decimal:
        """By how much the cost of `route` may rise, as a ratio."""
        return self.budget.of(route).regression or Decimal(0)

    def money(self, amount: Decimal) -> Money:
        """`amount` in the currency of the price book."""
        return Money(amount, self.book.currency)

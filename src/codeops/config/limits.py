"""`[budget]`: the limits of the suite and of single routes."""

from codeops.config import amounts, tables
from codeops.config.origin import Origin
from codeops.core.budget import DEFAULT_REGRESSION, Budget, RouteBudget

__all__ = ["budget_of"]


def budget_of(origin: Origin, file: tables.File) -> Budget:
    """What the file allows.

    Raises: InvalidValue.
    """
    budget = file.budget
    if budget.monthly_increase is not None and not file.traffic:
        raise origin.refuse(
            "monthly_increase needs traffic",
            "[traffic] is empty, so nothing can be multiplied to a month",
            'write [traffic] with for example "/v1/orders" = 3_000_000',
            "budget",
            "monthly_increase",
        )
    regression = amounts.ratio(origin, budget.regression, "budget", "regression")
    return Budget(
        regression=DEFAULT_REGRESSION if regression is None else regression,
        per_1k=amounts.money(origin, budget.per_1k, "budget", "per_1k"),
        monthly_increase=amounts.money(origin, budget.monthly_increase, "budget", "monthly_increase"),
        routes={route: _route_budget(origin, route, own) for route, own in budget.routes.items()},
    )


def _route_budget(origin: Origin, route: str, own: tables.RouteBudget) -> RouteBudget:
    place = ("budget", "routes", route)
    return RouteBudget(
        regression=amounts.ratio(origin, own.regression, *place, "regression"),
        per_1k=amounts.money(origin, own.per_1k, *place, "per_1k"),
        per_unit=amounts.money(origin, own.per_unit, *place, "per_unit"),
    )

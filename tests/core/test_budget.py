"""Budgets: a route's own limits go before the suite's."""

from decimal import Decimal

import pytest

from codeops.core.budget import DEFAULT_REGRESSION, Budget, RouteBudget
from codeops.core.money import Money

CENT, DIME = Money(Decimal("0.01"), "USD"), Money(Decimal("0.10"), "USD")


@pytest.mark.parametrize(
    ("own", "limits"),
    [
        (None, RouteBudget(regression=Decimal("0.05"), per_1k=DIME)),  # nothing of its own: the suite's
        (RouteBudget(), RouteBudget(regression=Decimal("0.05"), per_1k=DIME)),
        (RouteBudget(regression=Decimal(0)), RouteBudget(regression=Decimal(0), per_1k=DIME)),  # zero is a limit, not nothing
        (RouteBudget(per_1k=CENT), RouteBudget(regression=Decimal("0.05"), per_1k=CENT)),
        (RouteBudget(per_unit=CENT), RouteBudget(regression=Decimal("0.05"), per_1k=DIME, per_unit=CENT)),
    ],
)
def test_a_routes_own_limits_go_first(own: RouteBudget | None, limits: RouteBudget) -> None:
    budget = Budget(regression=Decimal("0.05"), per_1k=DIME, routes={"/a": own} if own else {})

    assert budget.of("/a") == limits


def test_without_configuration_a_route_may_rise_by_eight_per_cent_and_has_no_other_limit() -> None:
    assert Budget().of("/a") == RouteBudget(regression=DEFAULT_REGRESSION)
    assert Decimal("0.08") == DEFAULT_REGRESSION
    assert Budget().monthly_increase is None

"""The small words of the vocabulary: places, meters, costs that add up, suites, errors."""

from dataclasses import replace
from decimal import Decimal

import pytest

from codeops.core.cost import Basis, Caveat, Cost, CostLine
from codeops.core.errors import CodeOpsError, InvalidValue, UnknownKey, leaves
from codeops.core.location import Location
from codeops.core.meter import check_name, is_statistical, unit_of
from codeops.core.money import Money, Quantity
from codeops.core.price import Price, Tier
from codeops.core.suite import FunctionCase, Suite
from codeops.core.usage import Usage

PRICE = Price(meter="aws.s3.get", per=Quantity.parse("{request}"), tiers=(Tier(Decimal(2)),), currency="USD")
LINE = CostLine(Usage("aws.s3.get", Quantity.parse("{request}")), PRICE, (), Decimal(1), Money(Decimal(2), "USD"))
COST = Cost(currency="USD", lines=(LINE,), caveats=(Caveat("unpriced", "db.query", "no price"),))


@pytest.mark.parametrize(
    ("place", "text"),
    [(Location("a.py"), "a.py"), (Location("a.py", 3), "a.py:3"), (Location("a.py", 3, 7), "a.py:3:7"), (Location("a.py", 0, 7), "a.py")],
)
def test_a_place_is_written_as_editors_read_it(place: Location, text: str) -> None:
    assert str(place) == text


@pytest.mark.parametrize("name", ["aws.s3.get", "stripe.charge", "a.b_2.c"])
def test_a_meter_is_dotted_and_lower_case(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize("name", ["", "stripe", "Stripe.charge", "a..b", "a b.c", "1a.b", "a.b."])
def test_any_other_name_of_a_meter_is_refused(name: str) -> None:
    with pytest.raises(InvalidValue):
        check_name(name)


def test_what_nobody_knows_is_counted_in_requests_and_exactly() -> None:
    assert unit_of("stripe.charge") == "{request}"
    assert not is_statistical("stripe.charge")
    assert (unit_of("compute.cpu"), is_statistical("compute.cpu")) == ("vCPU.s", True)


def test_costs_add_up_line_by_line_and_keep_their_caveats_once() -> None:
    both = COST + COST

    assert both.total == Money(Decimal(4), "USD")
    assert both.unpriced == ("db.query",)
    assert len(both.caveats) == 1


def test_a_measured_cost_and_a_bill_do_not_add_up() -> None:
    with pytest.raises(ValueError, match="measured and a cost billed"):
        COST + replace(COST, basis=Basis.BILLED)  # the sum is what is refused


def test_a_suite_is_empty_when_it_measures_nothing() -> None:
    assert Suite(root=".").is_empty
    assert not Suite(root=".", functions=(FunctionCase(route="/a", call="a:b"),)).is_empty


def test_an_error_says_where_only_when_it_knows() -> None:
    error = UnknownKey("regoin is not known", fix="write region", location=Location("a.toml", 3))

    assert error.explain() == "error[unknown-key]: a.toml:3: regoin is not known\n  fix: write region\n  docs: errors/unknown-key"


def test_every_leaf_of_the_tree_of_errors_owns_its_slug() -> None:
    slugs = [error.slug for error in leaves()]

    assert len(slugs) == len(set(slugs))
    assert all(issubclass(error, CodeOpsError) for error in leaves())

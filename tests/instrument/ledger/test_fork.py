"""A fork: the child's clock begins again, its books are its own, and the parent's go on."""

import json
from collections.abc import Callable
from types import ModuleType

import pytest
from kept import MS


@pytest.fixture
def told(keeper: ModuleType, program: Callable[..., str]) -> dict[str, dict[str, int]]:
    return json.loads(program("forking", keeper.__name__))


def test_the_child_is_paid_for_itself_alone(told: dict[str, dict[str, int]]) -> None:
    child = told["child"]

    assert child["owner_ns"] == pytest.approx(5 * MS, rel=0.3)
    assert child["paid_ns"] == pytest.approx(child["clock_ns"], rel=0.15)
    assert child["paid_ns"] <= child["clock_ns"]


def test_nothing_is_negative_in_the_child(told: dict[str, dict[str, int]]) -> None:
    assert told["child"]["least_ns"] >= 0


def test_an_owner_of_the_parent_owns_nothing_in_the_child(told: dict[str, dict[str, int]]) -> None:
    assert told["child"]["of_parent_ns"] == 0


def test_threads_of_the_parent_are_not_the_childs(told: dict[str, dict[str, int]]) -> None:
    assert told["child"]["threads"] == 1
    assert told["parent"]["threads"] == 2


def test_the_parents_books_go_on(told: dict[str, dict[str, int]]) -> None:
    assert told["parent"]["owner_ns"] >= 30 * MS
    assert told["parent"]["owner_ns"] <= told["parent"]["clock_ns"]


def test_a_child_that_keeps_the_parents_books_is_noticed(keeper: ModuleType, program: Callable[..., str]) -> None:
    told = json.loads(program("forking", keeper.__name__, "forget nothing"))

    assert told["child"]["paid_ns"] != pytest.approx(told["child"]["clock_ns"], rel=0.15)

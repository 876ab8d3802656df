"""Selections: patterns over the names of routes and jobs, and suites cut down by them."""

import pytest

from codeops.core.errors import EmptySuite, UnknownName
from codeops.core.selection import EVERYTHING, Selection
from codeops.core.suite import FunctionCase, RequestCase, Suite

NAMES = ["/v1/orders", "/v1/orders/{id}", "/v2/orders", "nightly"]


@pytest.mark.parametrize(
    ("patterns", "taken"),
    [
        ((), NAMES),
        (("/v1/*",), NAMES[:2]),
        (("/v1/orders/{id}",), [NAMES[1]]),
        (("!nightly",), NAMES[:3]),
        (("*orders", "!/v2*"), [NAMES[0]]),
        (("!/v2*", "*orders"), [NAMES[0]]),  # order is nothing
        (("/V1/*",), []),  # as names are written
    ],
)
def test_a_name_is_taken_when_a_pattern_matches_and_none_leaves_it_out(patterns: tuple[str, ...], taken: list[str]) -> None:
    assert [name for name in NAMES if Selection(patterns).takes(name)] == taken


def test_a_name_with_brackets_is_taken_by_itself() -> None:
    assert Selection(("/items/[id]",)).takes("/items/[id]")


def test_without_patterns_all_is_taken() -> None:
    assert EVERYTHING.is_all
    assert not Selection(("*",)).is_all


@pytest.mark.parametrize(
    ("pattern", "fix"), [("/v1/order", "write '/v1/orders'"), ("!nightli", "write 'nightly'"), ("zzz", "choose a name of the suite")]
)
def test_a_pattern_that_matches_nothing_is_refused_with_the_nearest_names(pattern: str, fix: str) -> None:
    with pytest.raises(UnknownName) as problem:
        Selection((pattern,)).demand(NAMES)

    assert problem.value.fix.startswith(fix)
    assert problem.value.title == f"no route or job matches {pattern.removeprefix('!')!r}"


def test_of_many_names_a_message_lists_the_first() -> None:
    with pytest.raises(UnknownName) as problem:
        Selection(("x",)).demand([f"/{number:02}" for number in range(11)])

    assert problem.value.why == "measured are /00, /01, /02, /03, /04, /05, /06, /07, /08, /09, …"


def test_where_nothing_was_measured_the_message_says_so() -> None:
    with pytest.raises(UnknownName) as problem:
        Selection(("x",)).demand([])

    assert problem.value.why == "measured are none"


def test_what_is_left_out_need_not_be_among_names_that_are_not_complete() -> None:
    Selection(("/v1/*", "!gone")).demand(NAMES, is_complete=False)

    with pytest.raises(UnknownName):
        Selection(("/v1/*", "!gone")).demand(NAMES)


def test_patterns_that_leave_nothing_are_refused() -> None:
    with pytest.raises(EmptySuite):
        Selection(("/v1/*", "!/v1/*")).demand(NAMES)


def test_a_suite_is_cut_down_to_the_cases_that_are_taken() -> None:
    suite = Suite(
        root="/",
        requests=(RequestCase(route="/a", path="/a", app="m:a"), RequestCase(route="/b", path="/b", app="m:a")),
        functions=(FunctionCase(route="job", call="m:f", kind="job"),),
        pytest=("tests",),
    )

    found = suite.selected(Selection(("/a", "job")))

    assert [case.route for case in found.cases] == ["/a", "job"]
    assert (found.pytest, found.selection) == (("tests",), Selection(("/a", "job")))

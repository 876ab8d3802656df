import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeops.core.selector import Selector

NAMES = st.sampled_from(["region", "pool", "tier"])
VALUES = st.sampled_from(["a", "b", "c"])
labels = st.dictionaries(NAMES, VALUES)
selectors = st.dictionaries(NAMES, st.lists(VALUES, min_size=1, max_size=2)).map(Selector.of)


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        ({"region": "us-east-1", "pool": "x"}, None),
        ({"region": "us-east-1", "pool": "y", "team": "reports"}, None),  # labels that nobody asks for do not matter
        ({"region": "eu-west-1", "pool": "x"}, "region is eu-west-1, us-east-1 is wanted"),
        ({"region": "us-east-1"}, "pool is not given, x or y is wanted"),
        ({"region": "us-east-1", "pool": ""}, "pool is , x or y is wanted"),
    ],
)
def test_all_labels_of_a_selector_must_be_there(labels: dict[str, str], reason: str | None) -> None:
    assert Selector.of({"region": "us-east-1", "pool": ["y", "x"]}).mismatch(labels) == reason


def test_an_assumption_speaks_only_where_usage_is_silent() -> None:
    selector = Selector.of({"region": "us-east-1"})

    assert selector.mismatch({}, {"region": "us-east-1"}) is None
    assert selector.mismatch({"region": "eu-west-1"}, {"region": "us-east-1"}) == "region is eu-west-1, us-east-1 is wanted"


def test_the_order_of_labels_and_values_does_not_matter() -> None:
    assert Selector.of({"a": ["2", "1", "2"], "b": "3"}) == Selector.of({"b": ["3"], "a": ["1", "2"]})


def test_a_selector_reads_well_and_knows_its_size() -> None:
    selector = Selector.of({"region": ["b", "a"], "pool": "x"})

    assert (str(selector), len(selector), selector.names()) == ("pool=x, region=a|b", 2, frozenset({"region", "pool"}))
    assert (str(Selector()), len(Selector())) == ("any labels", 0)


@given(selectors, selectors, labels)
def test_selectors_meet_where_labels_match_both(one: Selector, other: Selector, given_labels: dict[str, str]) -> None:
    if one.mismatch(given_labels) is None and other.mismatch(given_labels) is None:
        assert one.meets(other)


@given(selectors, selectors)
def test_meeting_is_mutual_and_has_a_witness(one: Selector, other: Selector) -> None:
    witness = {name: next(iter(set(values) & set(dict(other.terms).get(name, values))), "") for name, values in one.terms}
    witness |= {name: values[0] for name, values in other.terms if name not in witness}

    assert one.meets(other) == other.meets(one)
    assert one.meets(other) == (one.mismatch(witness) is None and other.mismatch(witness) is None)

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeops.core.errors import CodeOpsError, DuplicateKey, MalformedFile
from codeops.core.location import Location
from codeops.document import parse

texts = st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(texts, values, max_size=4), st.sampled_from([None, 2]), st.booleans())
def test_what_json_writes_is_read_back(data: dict[str, object], indent: int | None, ascii_only: bool) -> None:
    assert parse(json.dumps(data, indent=indent, ensure_ascii=ascii_only), "x.json").data == data


def test_comments_are_tolerated_and_are_none_inside_texts() -> None:
    document = parse('// head\n{ "a": 0.1, // why\n  "url": "http://x", // {"b": 1}\n "n": [1, // one\n 2]\n}\n// end', "x.json")

    assert document.data == {"a": Decimal("0.1"), "url": "http://x", "n": [1, 2]}
    assert document.locate("url") == Location("x.json", 3, 3)
    assert document.locate("n", 1) == Location("x.json", 5, 2)
    assert document.locate("n", 7) == Location("x.json", 4, 2)


def test_a_number_is_exact() -> None:
    assert parse('{"a": 1e-7, "b": -0.10, "c": 12, "d": 1E+2}', "x.json").data == {
        "a": Decimal("1e-7"),
        "b": Decimal("-0.10"),
        "c": 12,
        "d": Decimal("1e2"),
    }


def test_a_key_written_twice_is_refused_with_both_lines() -> None:
    with pytest.raises(DuplicateKey) as caught:
        parse('{"a": {\n"b": 1,\n"b": 2}}', "x.json")

    assert caught.value.title == "a.b is written twice"
    assert "line 2" in caught.value.why
    assert caught.value.location == Location("x.json", 3, 1)


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("", 1, "the file ends too early"),
        ("// only a comment", 1, "the file ends too early"),
        ('{"a": NaN}', 1, "'NaN' is neither"),
        ('{"a":\n-Infinity}', 2, "'-Infinity' is neither"),
        ('{"a": 01}', 1, "'01' is neither"),
        ('{"a": 1e99999999}', 1, "is neither"),
        ('{"a": ' + "9" * 2000 + "}", 1, "is neither"),
        ('{"a": 1,}', 1, "a comma stands before }"),
        ('{"a": [1,\n]}', 1, "a comma stands before ]"),
        ('{"a": 1 "b": 2}', 1, "where a comma or } is expected"),
        ('{"a": [1', 1, "the file ends where a comma or ] is expected"),
        ('{"a" 1}', 1, 'a colon is expected after "a"'),
        ("{'a': 1}", 1, '"\'" stands where a text in double quotes is expected'),
        ('{"a": "x\ny"}', 1, "a text has no end on its line"),
        ("{", 1, "the file ends too early"),
        ('{"a": "\\q"}', 1, "stands for no character"),
        ('{"a": "\\ud800"}', 1, "stands for no character"),
        ('{"a": 1}\n{', 2, "something follows the end of the data"),
        ('{"a": ' + "[" * 5000, 1, "more than 64 levels"),
        ('{"a": /* x */ 1}', 1, "'/' is neither"),
        ("[]", 1, "it holds a list"),
    ],
)
def test_what_is_not_json_is_refused_with_its_line(text: str, line: int, why: str) -> None:
    with pytest.raises(MalformedFile) as caught:
        parse(text, "x.json")

    assert why in caught.value.why
    assert caught.value.location is not None
    assert caught.value.location.line == line
    assert caught.value.fix


@given(st.text(alphabet='{}[]",:\\/1e.-tn \n', max_size=40))
def test_every_text_is_read_or_refused(text: str) -> None:
    outcome: object
    try:
        outcome = parse(text, "x.json").data
    except (MalformedFile, DuplicateKey) as refused:
        outcome = refused

    if isinstance(outcome, CodeOpsError):
        assert outcome.fix
        assert outcome.location is not None
    else:
        assert isinstance(outcome, dict)

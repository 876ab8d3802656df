from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeops.core.errors import CodeOpsError, DuplicateKey, InvalidValue, MalformedFile
from codeops.core.location import Location
from codeops.document import parse

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("0.1", Decimal("0.1")),
        ("1_000.5", Decimal("1000.5")),
        ("1.5e+3", Decimal(1500)),
        (".5", Decimal("0.5")),
        ("1e-6", "1e-6"),  # YAML 1.1 reads a text; whoever expects a number reads that
        ("7", 7),
        ("0x1F", 31),
        ("yes", True),
        ("'yes'", "yes"),
        ("~", None),
        ("2026-11-01", date(2026, 11, 1)),
        ("2026-13-01", "2026-13-01"),  # no such month
        ("12:30:30.5", "12:30:30.5"),
        ("1.0e+99999999999999999999", "1.0e+99999999999999999999"),
        ("9" * 5000, "9" * 5000),
        ("{x: [1, 2]}", {"x": [1, 2]}),
        ("! text", "text"),
    ],
)
def test_a_value_is_what_it_looks_like_and_never_a_float(written: str, value: object) -> None:
    found = parse(f"a: {written}\n", "x.yaml").data["a"]

    assert found == value
    assert type(found) is type(value)


def test_keys_are_texts_as_written() -> None:
    assert parse("1: a\nyes: b\n2026-11-01: c\n", "x.yml").data == {"1": "a", "yes": "b", "2026-11-01": "c"}


def test_each_part_has_its_line() -> None:
    document = parse("# c\nprice:\n  - meter: a\n    when: {region: x}\n  - meter: b\n", "x.yaml")

    assert document.locate("price", 0, "when", "region") == Location("x.yaml", 4, 12)
    assert document.locate("price", 1) == Location("x.yaml", 5, 5)
    assert document.locate("price", 1, "per") == Location("x.yaml", 5, 5)


def test_an_alias_stands_for_its_anchor() -> None:
    assert parse("a: &a {x: 1}\nb: *a\n", "x.yaml").data == {"a": {"x": 1}, "b": {"x": 1}}


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "~\n"])
def test_an_empty_file_is_an_empty_table(text: str) -> None:
    assert parse(text, "x.yaml").data == {}


@pytest.mark.parametrize("written", [".nan", ".NaN", ".inf", "-.Inf", "-.inf"])
def test_what_is_no_number_is_refused_with_its_line(written: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        parse(f"a: 1\nb: {written}\n", "x.yaml")

    assert caught.value.location == Location("x.yaml", 2, 4)


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        (BOMB, 6, "more than 100,000 values"),
        ("a: &a [*a]\n", 1, "*a is used before it is complete"),
        ("a: *nobody\n", 1, "*nobody is used before it is complete"),
        ("a: 1\nb: !!python/name:os.system x\n", 2, "is a tag"),
        ("a: !include x\n", 1, "!include is a tag"),
        ("a: 1\n---\nb: 2\n", 2, "a second document starts"),
        ("? [a]\n: 1\n", 1, "a key is not a plain text"),
        ("a: " + "[" * 100_000, 1, "more than 64 levels"),
        ("a: b: c\n", 1, "mapping values are not allowed"),
        ("a: [1\n", 2, "did not find expected"),
        ("a: \x00\n", 1, "control characters"),
        ("a:\n\t- b\n", 2, "cannot start any token"),
        ("- a\n", 1, "it holds a list"),
        ("text\n", 1, "it holds a single value"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_line(text: str, line: int, why: str) -> None:
    with pytest.raises(MalformedFile) as caught:
        parse(text, "x.yaml")

    assert why in caught.value.why
    assert caught.value.location is not None
    assert caught.value.location.line == line
    assert caught.value.fix


def test_a_key_written_twice_is_refused_with_both_lines() -> None:
    with pytest.raises(DuplicateKey) as caught:
        parse("a:\n  b: 1\n  b: 2\n", "x.yaml")

    assert caught.value.title == "a.b is written twice"
    assert "line 2" in caught.value.why
    assert caught.value.location == Location("x.yaml", 3, 3)


@given(st.text(alphabet="ab:-[]{}&*!|> \n'\"#,?1.", max_size=40))
def test_every_text_is_read_or_refused(text: str) -> None:
    outcome: object
    try:
        outcome = parse(text, "x.yaml").data
    except (MalformedFile, DuplicateKey) as refused:
        outcome = refused

    if isinstance(outcome, CodeOpsError):
        assert outcome.fix
        assert outcome.location is not None
    else:
        assert isinstance(outcome, dict)

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeops.core.errors import DuplicateKey, InvalidValue, MalformedFile
from codeops.core.location import Location
from codeops.document import parse

BOOK = '''\
# a comment with [[brackets]] = "and quotes
version = "1"   # [x]
"quoted key" = 1
site."codeops.dev".'literal' = true

[a]
x = 1
"y\\u0041" = """
[[price]]
z = 3
"""
text = \'\'\'
n = 1 \'\'\'

[[price]]
meter = "one"
when = { region = "us-east-1", pool.kind = ["x", "y"] }
tiers = [ { up_to = "1", price = "2" },  # first
  { price = "1" },
]

  [[price]]
meter = "two"
[price.extra]
day = 2026-11-01
at = 2026-11-01 07:32:00
[[price.step]]
n = 1
[[price.step]]
n = 2
'''


@pytest.mark.parametrize(
    ("keys", "line", "column"),
    [
        (("version",), 2, 1),
        (("quoted key",), 3, 1),
        (("site",), 4, 1),
        (("site", "codeops.dev", "literal"), 4, 1),
        (("a",), 6, 1),
        (("a", "x"), 7, 1),
        (("a", "yA"), 8, 1),
        (("a", "text"), 12, 1),
        (("price", 0), 15, 1),
        (("price",), 15, 1),
        (("price", 0, "meter"), 16, 1),
        (("price", 0, "when"), 17, 1),
        (("price", 0, "when", "region"), 17, 10),
        (("price", 0, "when", "pool", "kind"), 17, 32),
        (("price", 0, "when", "pool", "kind", 1), 17, 50),
        (("price", 0, "tiers", 0), 18, 11),
        (("price", 0, "tiers", 1, "price"), 19, 5),
        (("price", 1), 22, 3),
        (("price", 1, "meter"), 23, 1),
        (("price", 1, "extra", "day"), 25, 1),
        (("price", 1, "step", 1, "n"), 30, 1),
        (("price", 1, "absent", 3), 22, 3),  # the nearest part around it
        (("absent",), 1, 0),
    ],
)
def test_each_key_has_its_line(keys: tuple[str | int, ...], line: int, column: int) -> None:
    assert parse(BOOK, "book.toml").locate(*keys) == Location("book.toml", line, column)


def test_a_number_with_a_point_is_exact() -> None:
    data = parse("a = 0.1\nb = 1e-3\nc = 1_000.5\nd = 7\ne = 2026-11-01\n", "x.toml").data

    assert data == {"a": Decimal("0.1"), "b": Decimal("0.001"), "c": Decimal("1000.5"), "d": 7, "e": date(2026, 11, 1)}
    assert not any(isinstance(value, float) for value in data.values())


@pytest.mark.parametrize(
    ("text", "title", "line"),
    [
        ("a = 1\nb = 2\na = 3\n", "a is written twice", 3),
        ("[a]\nb = 1\n[a]\n", "a is written twice", 3),
        ("[a]\nb = 1\nb = 2\n", "a.b is written twice", 3),
        ("a = { b = 1, b = 2 }\n", "a.b is written twice", 1),
        ("[[p]]\nx = 1\n[[p]]\nx = 1\nx = 2\n", "p[1].x is written twice", 5),
        ("[a]\n\"x y\" = 1\n'x y' = 2\n", 'a."x y" is written twice', 3),
    ],
)
def test_a_key_written_twice_is_refused_with_both_lines(text: str, title: str, line: int) -> None:
    with pytest.raises(DuplicateKey) as caught:
        parse(text, "x.toml")

    assert caught.value.title == title
    assert caught.value.location is not None
    assert caught.value.location.line == line
    assert caught.value.fix


@pytest.mark.parametrize("written", ["nan", "inf", "-inf", "+nan", "1e99999999999999999999"])
def test_what_is_no_number_is_refused_with_its_line(written: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        parse(f"a = 1\nb = [2, {written}]\n", "x.toml")

    assert caught.value.title == f"{written} is not a number that can be used"
    assert caught.value.location == Location("x.toml", 2, 9)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a = 1\nb = yes\n", 2),
        ("a = 1\nb\n", 2),
        ("a =\nb = 1\nb = 2\n", 1),  # the first thing wrong is what is told
        ('a = "\n', 1),
        ('a = """\nb = 1\n', 3),
        ("a = [1,\n", 2),
        ("= 1\n", 1),
        ("a = \x00", 1),
        ("a = { b = 1, ]\nc = 1\n", 1),
        ('a = "\\q"\n"\\q" = 1\n', 1),
        ("a = " + "[" * 5000, 1),
        ("a = " + "9" * 5000, 1),
    ],
)
def test_what_is_not_toml_is_refused_with_its_line(text: str, line: int) -> None:
    with pytest.raises(MalformedFile) as caught:
        parse(text, "x.toml")

    assert caught.value.location is not None
    assert caught.value.location.line == line
    assert caught.value.fix


@given(st.text(alphabet="ab=[]{}\"'\n\\#., 1", max_size=60))
def test_no_text_makes_the_scan_fail(text: str) -> None:
    try:
        document = parse(text, "x.toml")
    except (MalformedFile, DuplicateKey):
        return

    for key in document.data:
        assert document.locate(key).line >= 1

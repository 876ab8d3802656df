from datetime import date
from decimal import Decimal
from typing import Annotated, Any

import pytest
from msgspec import Meta, Struct, field

from codeops.core.errors import FileError, InvalidValue, MissingPrice, UnknownKey
from codeops.core.location import Location
from codeops.document import decode, located, parse
from codeops.document.position import spell


class Tier(Struct, forbid_unknown_fields=True):
    price: Decimal
    up_to: Decimal | None = None


class Entry(Struct, forbid_unknown_fields=True):
    meter: str
    per: Annotated[str, Meta(min_length=1)] = "h"
    when: dict[str, str | Annotated[list[str], Meta(min_length=1)]] = {}
    tiers: list[Tier] | None = None
    since: date | None = None
    schema_: str = field(name="$schema", default="")


class Book(Struct, forbid_unknown_fields=True):
    version: str
    price: list[Entry] = []
    named: dict[str, Entry] = {}
    extra: Any = None


HEAD = 'version = "1"\n'


def test_a_document_becomes_the_type_that_expects_it() -> None:
    document = parse(
        HEAD + '[[price]]\nmeter = "a"\ntiers = [{ price = 0.1 }, { price = "2" }, { price = 3 }]\nsince = 2026-11-01\n', "b.toml"
    )

    book = decode(document, Book)

    assert book.price[0].tiers == [Tier(Decimal("0.1")), Tier(Decimal(2)), Tier(Decimal(3))]
    assert book.price[0].since == date(2026, 11, 1)


def test_a_part_of_a_document_is_decoded_alone() -> None:
    document = parse('[tool.codeops]\nversion = "1"\n', "pyproject.toml")

    assert decode(document, Book, "tool", "codeops").version == "1"


@pytest.mark.parametrize(
    ("text", "title", "fix", "line"),
    [
        ("versoin = 1\n" + HEAD, "versoin is not a key that CodeOps knows", "write version, if that is meant", 1),
        (
            HEAD + '[[price]]\nmeter = "a"\n[[price]]\nmetre = "a"\n',
            "price[1].metre is not a key that CodeOps knows",
            "write meter, if that is meant",
            5,
        ),
        (
            HEAD + '[[price]]\nmeter = "a"\ntiers = [\n{ price = 1, upto = 2 }]\n',
            "price[0].tiers[0].upto is not a key that CodeOps knows",
            "write up_to, if that is meant",
            5,
        ),
        (HEAD + '[named.x]\nmeter = "a"\n[named.y]\nqqq = 1\nmeter = "b"\n', "named.y.qqq is not a key that CodeOps knows", "remove it", 5),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_known_one(text: str, title: str, fix: str, line: int) -> None:
    with pytest.raises(UnknownKey) as caught:
        decode(parse(text, "b.toml"), Book)

    assert (caught.value.title, caught.value.fix) == (title, fix)
    assert caught.value.location is not None
    assert caught.value.location.line == line


@pytest.mark.parametrize(
    ("text", "title", "why", "line"),
    [
        ("version = 2026-11-01\n", "version cannot be used", "text is expected, a date is given", 1),
        (HEAD + "[[price]]\nper = 'h'\n", "price[0] has no meter", "meter is required here", 2),
        ("x = 1\n", "b.toml", "", 1),
        (HEAD + "[price]\n", "price cannot be used", "a list is expected, a table is given", 2),
        (HEAD + 'price = [\n"x"]\n', "price[0] cannot be used", "a table is expected, text is given", 3),
        (HEAD + '[[price]]\nmeter = "a"\nper = ""\n', "price[0].per cannot be used", "''", 4),
        (HEAD + '[[price]]\nmeter = "a"\nwhen = { a = "x", b = [] }\n', "price[0].when.b cannot be used", "length >= 1", 4),
        (
            HEAD + '[[price]]\nmeter = "a"\nwhen = { a = "x", b = ["y", 3] }\n',
            "price[0].when.b[1] cannot be used",
            "text is expected, a whole number is given",
            4,
        ),
        (HEAD + '[[price]]\nmeter = "a"\nwhen = { a = 1.5 }\n', "price[0].when.a cannot be used", "text or a list is expected", 4),
        (
            HEAD + '[[price]]\nmeter = "a"\ntiers = [{ price = "abc" }]\n',
            "price[0].tiers[0].price cannot be used",
            "'abc': invalid decimal string",
            4,
        ),
        (
            HEAD + '[[price]]\nmeter = "a"\ntiers = [{ price = true }]\n',
            "price[0].tiers[0].price cannot be used",
            "a number is expected, true or false is given",
            4,
        ),
        (HEAD + '[[price]]\nmeter = "a"\nsince = "soon"\n', "price[0].since cannot be used", "'soon': invalid", 4),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_its_line(text: str, title: str, why: str, line: int) -> None:
    with pytest.raises(FileError) as caught:
        decode(parse(text, "b.toml"), Book)

    if text != "x = 1\n":
        assert isinstance(caught.value, InvalidValue)
        assert caught.value.title == title
    assert why in caught.value.why
    assert caught.value.location is not None
    assert caught.value.location.line == line
    assert caught.value.fix


@pytest.mark.parametrize(
    ("line", "fix"),
    [
        ('tiers = [{ price = "abc" }]', 'write a number, in quotes: "0.04"'),
        ('since = "soon"', "write a date, for example 2026-11-01"),
        ("when = { b = [] }", "write at least one, or leave the key out"),
    ],
)
def test_a_value_that_does_not_fit_is_told_what_would(line: str, fix: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        decode(parse(f'{HEAD}[[price]]\nmeter = "a"\n{line}\n', "b.toml"), Book)

    assert caught.value.fix == fix


def test_a_missing_key_at_the_top_names_the_file() -> None:
    with pytest.raises(InvalidValue, match=r"b.toml has no version"):
        decode(parse("", "b.toml"), Book)


def test_a_part_that_is_no_table_names_the_part() -> None:
    with pytest.raises(InvalidValue, match="tool cannot be used"):
        decode(parse("tool = 3\n", "b.toml"), Book, "tool")


def test_an_error_learns_its_place_once() -> None:
    with pytest.raises(MissingPrice) as caught, located(Location("outer", 1)), located(Location("inner", 2)):
        raise MissingPrice("x")

    assert caught.value.location == Location("inner", 2)


@pytest.mark.parametrize(
    ("keys", "text"),
    [((), ""), (("a",), "a"), (("a", 3, "b-c"), "a[3].b-c"), (("/v1/report",), '"/v1/report"'), ((0,), "[0]")],
)
def test_a_way_is_spelled_as_people_write_it(keys: tuple[str | int, ...], text: str) -> None:
    assert spell(keys) == text

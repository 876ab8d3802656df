from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeops.core.errors import UnitMismatch, UnknownUnit
from codeops.core.unit import HOURS_PER_MONTH, Unit

ATOMS = [
    "s",
    "min",
    "h",
    "d",
    "mo",
    "B",
    "By",
    "kB",
    "MB",
    "GB",
    "TB",
    "KiB",
    "MiB",
    "GiB",
    "TiBy",
    "vCPU",
    "GPU",
    "{request}",
    "{token}",
    "{a.b/c}",
]


@pytest.mark.parametrize(
    ("text", "factor", "dimensions"),
    [
        ("GiB", 2**30, (("By", 1),)),
        ("GB", 10**9, (("By", 1),)),
        ("B", 1, (("By", 1),)),
        ("min", 60, (("s", 1),)),  # not milli-inches, not months
        ("mo", HOURS_PER_MONTH * 3600, (("s", 1),)),
        ("vCPU.h", 3600, (("s", 1), ("vCPU", 1))),
        ("h.vCPU", 3600, (("s", 1), ("vCPU", 1))),
        ("GiB.mo", 2**30 * 730 * 3600, (("By", 1), ("s", 1))),
        ("{request}", 1, (("{request}", 1),)),
        ("{iops}.mo", 730 * 3600, (("s", 1), ("{iops}", 1))),
        ("{v1.2/beta}", 1, (("{v1.2/beta}", 1),)),  # dots and slashes inside braces are a name
        ("By/s", 1, (("By", 1), ("s", -1))),
        ("h/h", 1, ()),
        ("s.s", 1, (("s", 2),)),
        (" GiB ", 2**30, (("By", 1),)),
    ],
)
def test_a_unit_has_the_size_and_dimensions_that_its_text_says(text: str, factor: int, dimensions: tuple[tuple[str, int], ...]) -> None:
    unit = Unit.parse(text)

    assert (unit.factor, unit.dimensions) == (factor, dimensions)


@pytest.mark.parametrize(
    "text", ["", "parsec", "gib", "Gib", "kiB", "KB", "vcpu", "request", "{}", "{a b}", "vCPU h", "vCPU..h", ".h", "h.", "GiB*mo", "5"]
)
def test_what_is_not_in_the_grammar_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UnknownUnit) as caught:
        Unit.parse(text)

    assert "GiB.mo" in caught.value.fix


def test_counted_things_do_not_mix() -> None:
    with pytest.raises(UnitMismatch, match=r"\{token\} cannot be converted to \{request\}"):
        Unit.parse("{token}").convert(Decimal(1), Unit.parse("{request}"))


def test_a_mismatch_names_both_dimensions() -> None:
    with pytest.raises(UnitMismatch) as caught:
        Unit.parse("GiB.mo").demand(Unit.parse("h/h"))

    assert caught.value.why == "GiB.mo measures By.s, h/h measures a bare number"


def test_powers_are_spelled() -> None:
    with pytest.raises(UnitMismatch) as caught:
        Unit.parse("s.s").demand(Unit.parse("s"))

    assert "measures s2" in caught.value.why


@given(st.lists(st.sampled_from(ATOMS), min_size=1, max_size=3))
def test_a_parsed_unit_reads_back_as_itself(atoms: list[str]) -> None:
    unit = Unit.parse(".".join(atoms))

    assert Unit.parse(str(unit)) == unit


@given(
    st.decimals(min_value=0, max_value=10**9, places=6),
    st.sampled_from(["s", "min", "h", "d", "mo"]),
    st.sampled_from(["s", "min", "h", "d", "mo"]),
)
def test_converting_there_and_back_loses_nothing(amount: Decimal, one: str, other: str) -> None:
    there = Unit.parse(one).convert(amount, Unit.parse(other))
    back = Unit.parse(other).convert(there, Unit.parse(one))

    assert abs(back - amount) <= amount * Decimal("1e-40")


@given(st.lists(st.sampled_from(ATOMS), min_size=2, max_size=4).flatmap(lambda atoms: st.tuples(st.just(atoms), st.permutations(atoms))))
def test_the_order_of_a_product_does_not_matter(pair: tuple[list[str], list[str]]) -> None:
    one, other = (Unit.parse(".".join(atoms)) for atoms in pair)

    assert (one.factor, one.dimensions) == (other.factor, other.dimensions)

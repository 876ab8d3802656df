import pickle
from datetime import date
from decimal import Decimal
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeops.core.cost import Caveat
from codeops.core.errors import AmbiguousPrice, CodeOpsError, CurrencyMismatch, MissingPrice, OverlappingPrices
from codeops.core.location import Location
from codeops.core.money import Money, Quantity
from codeops.core.price import Multiplier, Price, Tier
from codeops.core.pricebook import Catalogue, PriceBook
from codeops.core.selector import Selector
from codeops.core.shelf import Shelf
from codeops.core.unit import Unit
from codeops.core.usage import Usage

AT = date(2026, 11, 1)
NAMES = ["region", "pool", "pricing_tier"]
VALUES = ["a", "b", "c"]
whens = st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from(VALUES), min_size=1, max_size=2, unique=True))
label_sets = st.dictionaries(st.sampled_from(NAMES), st.sampled_from([*VALUES, "unheard-of"]))


def price(
    amount: str,
    when: dict[str, str | list[str]] | None = None,
    *,
    meter: str = "compute.cpu",
    per: str = "vCPU.h",
    line: int = 1,
    **more: object,
) -> Price:
    return Price(
        meter=meter,
        per=Quantity.parse(per),
        tiers=(Tier(Decimal(amount)),),
        currency="USD",
        when=Selector.of(when or {}),
        origin=Location("book.toml", line),
        **more,
    )


def book(*prices: Price, **more: object) -> PriceBook:
    return PriceBook(version="2026-11-01", currency="USD", prices=prices, **more)


@st.composite
def shelves(draw: st.DrawFn) -> list[Price]:
    entries = draw(st.lists(st.tuples(whens, whens, st.integers(0, 1)), max_size=8))
    return [
        price(str(index), when, line=index, layer=layer, assume=tuple((name, values[0]) for name, values in sorted(assume.items())))
        for index, (when, assume, layer) in enumerate(entries)
    ]


def answer(entries: list[Price], labels: dict[str, str]) -> str:
    try:
        return str(book(*entries).find("compute.cpu", labels, AT).origin)
    except CodeOpsError as problem:
        return problem.slug


@pytest.mark.parametrize(
    ("labels", "line"),
    [
        ({}, 1),
        ({"region": "us-east-1"}, 2),
        ({"region": "us-east-1", "pricing_tier": "spot"}, 3),
        ({"region": "us-east-1", "pricing_tier": "on-demand"}, 2),
        ({"region": "eu-west-1", "pricing_tier": "spot"}, 1),
    ],
)
def test_the_most_specific_match_wins(labels: dict[str, str], line: int) -> None:
    prices = book(
        price("0.03", line=1),
        price("0.04", {"region": "us-east-1"}, line=2),
        price("0.01", {"region": "us-east-1", "pricing_tier": "spot"}, line=3),
    )

    assert prices.find("compute.cpu", labels, AT).origin.line == line


def test_an_own_price_goes_before_an_extended_one_that_is_more_specific() -> None:
    prices = book(price("0.03", line=1), price("0.04", {"region": "us-east-1"}, line=2, layer=1))

    assert prices.find("compute.cpu", {"region": "us-east-1"}, AT).origin.line == 1


def test_a_tie_is_an_error_that_names_both_entries_with_file_and_line() -> None:
    prices = book(price("0.03", {"region": "a"}, line=4), price("0.04", {"pool": "b"}, line=9))

    with pytest.raises(AmbiguousPrice) as caught:
        prices.find("compute.cpu", {"region": "a", "pool": "b"}, AT)

    assert "book.toml:4" in caught.value.why
    assert "book.toml:9" in caught.value.why
    assert caught.value.fix


@given(shelves().flatmap(lambda entries: st.tuples(st.just(entries), st.permutations(entries))), label_sets)
def test_the_order_of_entries_does_not_decide(pair: tuple[list[Price], list[Price]], labels: dict[str, str]) -> None:
    assert answer(pair[0], labels) == answer(pair[1], labels)


@given(shelves(), label_sets)
def test_a_shelf_never_hides_an_entry_that_matches(entries: list[Price], labels: dict[str, str]) -> None:
    near = Shelf.of(entries).near(labels)

    assert [entry for entry in entries if entry.mismatch(labels, AT) is None] == [
        entry for entry in near if entry.mismatch(labels, AT) is None
    ]


@given(shelves(), label_sets)
def test_what_is_found_matches_and_nothing_that_matches_is_more_specific(entries: list[Price], labels: dict[str, str]) -> None:
    try:
        found = book(*entries).find("compute.cpu", labels, AT)
    except CodeOpsError:
        return

    rivals = [entry for entry in entries if entry.mismatch(labels, AT) is None and entry.layer == found.layer]
    assert found in rivals
    assert max(len(entry.when) for entry in rivals) == len(found.when)


def test_the_date_decides_between_two_prices_of_one_thing() -> None:
    prices = book(price("0.03", line=1, valid_to=AT), price("0.04", line=2, valid_from=AT))

    assert prices.find("compute.cpu", {}, date(2026, 10, 31)).origin.line == 1
    assert prices.find("compute.cpu", {}, AT).origin.line == 2


def test_two_prices_for_the_same_on_one_day_are_refused_when_the_book_is_made() -> None:
    with pytest.raises(OverlappingPrices) as caught:
        book(price("0.03", line=4), price("0.04", line=9, valid_from=AT))

    assert caught.value.location == Location("book.toml", 9)
    assert "book.toml:4" in caught.value.why
    assert "from 2026-11-01 until for ever" in caught.value.why


def test_a_price_in_another_currency_is_refused() -> None:
    with pytest.raises(CurrencyMismatch) as caught:
        PriceBook(version="1", currency="EUR", prices=(price("1", line=3),))

    assert caught.value.location == Location("book.toml", 3)


def test_an_unknown_meter_is_missing_with_the_nearest_name() -> None:
    with pytest.raises(MissingPrice) as caught:
        book(price("1")).find("compute.cpus", {}, AT)

    assert "the nearest name is compute.cpu" in caught.value.why


def test_a_book_without_the_meter_and_without_a_near_name_says_so() -> None:
    with pytest.raises(MissingPrice) as caught:
        book().find("stripe.charge", {"region": "a"}, AT)

    assert caught.value.title == "stripe.charge has no price for region=a"
    assert caught.value.why == "price book 2026-11-01 has no entry for this meter"


@pytest.mark.parametrize(
    ("labels", "hint"),
    [
        ({"region": "us-east-11"}, "; the nearest region with a price is us-east-1"),
        ({"region": "xyz"}, "wanted"),  # nothing is near
        ({}, "region is not given, us-east-1 is wanted"),
    ],
)
def test_a_missing_price_names_the_nearest_entry_and_spelling(labels: dict[str, str], hint: str) -> None:
    with pytest.raises(MissingPrice) as caught:
        book(price("1", {"region": "us-east-1"}), price("2", {"region": "us-east-2"}, line=2)).find("compute.cpu", labels, AT)

    assert caught.value.why.startswith("2 entries for this meter")
    assert caught.value.why.endswith(hint)


def test_of_entries_that_miss_one_label_the_nearest_agrees_with_the_most_others() -> None:
    prices = book(price("1", {"platform": "lambda"}), price("2", {"region": "a", "pool": "x", "pricing_tier": "on-demand"}, line=2))

    with pytest.raises(MissingPrice) as caught:
        prices.find("compute.cpu", {"region": "a", "pool": "x", "pricing_tier": "spot"}, AT)

    assert caught.value.why.endswith("pricing_tier is spot, on-demand is wanted")


def test_a_price_that_is_only_out_of_date_is_missing_with_the_dates() -> None:
    with pytest.raises(MissingPrice) as caught:
        book(price("1", valid_from=date(2027, 1, 1))).find("compute.cpu", {}, AT)

    assert "valid from 2027-01-01, later than 2026-11-01" in caught.value.why


def test_a_spelling_that_another_entry_knows_is_not_corrected() -> None:
    prices = book(price("1", {"region": "a", "pool": "x"}), price("2", {"region": "b", "pool": "y"}, line=2))

    with pytest.raises(MissingPrice) as caught:
        prices.find("compute.cpu", {"region": "a", "pool": "y"}, AT)

    assert "nearest pool" not in caught.value.why


def test_every_other_candidate_says_why_it_lost() -> None:
    prices = book(
        price("1", {"region": "a"}, line=1),
        price("2", line=2),
        price("3", {"region": "b"}, line=3),
        price("4", {"region": "a", "pool": "x"}, line=4, layer=1),
    )

    winner, *losers = prices.candidates("compute.cpu", {"region": "a", "pool": "x"}, AT)

    assert (winner.price.origin.line, winner.lost) == (1, "")
    assert {loser.price.origin.line: loser.lost for loser in losers} == {
        2: "matches, but 0 labels are less specific than 1",
        3: "region is a, b is wanted",
        4: "matches, but your own price book goes before the one it extends",
    }


def usage(amount: str, meter: str = "compute.cpu", unit: str = "vCPU.s", **labels: str) -> Usage:
    return Usage(meter, Quantity(Decimal(amount), Unit.parse(unit)), labels)


def test_what_has_no_price_is_a_caveat_and_never_zero() -> None:
    cost = book(price("0.036")).price([usage("3600"), usage("1", "aws.s3.get", "{request}")], AT)

    assert cost.total == Money(Decimal("0.036"), "USD")
    assert cost.unpriced == ("aws.s3.get",)
    assert len(cost.lines) == 1


def test_factors_multiply_and_are_named() -> None:
    factors = (
        Multiplier(name="overhead", factor=Decimal("1.1"), meters=("compute.*",)),
        Multiplier(name="discount", factor=Decimal("0.5"), when=Selector.of({"team": "reports"})),
        Multiplier(name="elsewhere", factor=Decimal(9), meters=("aws.*",)),
    )

    line = book(price("1"), multipliers=factors).price([usage("3600", team="reports")], AT).lines[0]

    assert (line.multipliers, line.factor, line.money) == (("overhead", "discount"), Decimal("0.55"), Money(Decimal("0.55"), "USD"))


def test_an_assumed_label_is_a_caveat_but_the_provider_is_not() -> None:
    entry = price("1", {"region": "us-east-1", "provider": "aws"}, assume=(("provider", "aws"), ("region", "us-east-1")))

    cost = book(entry).price([usage("1")], AT)

    assert cost.caveats == (
        Caveat("assumed-region", "compute.cpu", "compute.cpu: priced for region us-east-1, which usage does not state"),
    )


@given(st.lists(st.tuples(st.decimals(0, 10**6, places=3), st.sampled_from(VALUES)), max_size=6), st.integers(0, 6))
def test_cost_is_additive_and_free_of_order(parts: list[tuple[Decimal, str]], cut: int) -> None:
    prices = book(*(price(str(index + 1), {"region": value}, line=index) for index, value in enumerate(VALUES)))
    usages = [usage(str(amount), region=region) for amount, region in parts]

    whole = prices.price(usages, AT).total
    split = prices.price(usages[:cut], AT) + prices.price(usages[cut:], AT)
    backwards = prices.price(usages[::-1], AT).total

    for other in (split.total, backwards):  # a third of a cent has no end: all but the 45th digit agrees
        assert abs(other.amount - whole.amount) <= whole.amount * Decimal("1e-45")


def looked_up(meter: str, labels: dict[str, str], *, layer: int) -> tuple[Price, ...]:
    model = labels.get("model", "any")
    return (price("3", {"model": model}, meter=meter, per="1000000 {token}", layer=layer),)


CATALOGUE = Catalogue("models 1", ("llm.input",), partial(looked_up, layer=1))


def test_a_catalogue_is_asked_only_for_its_meters() -> None:
    prices = book(price("1"), catalogues=(CATALOGUE,))

    assert prices.find("llm.input", {"model": "m"}, AT).when == Selector.of({"model": "m"})
    assert prices.meters() == ("compute.cpu", "llm.input")
    with pytest.raises(MissingPrice):
        prices.find("llm.output", {"model": "m"}, AT)
    with pytest.raises(MissingPrice, match="no labels"):
        prices.find("llm.input", {}, AT)


def test_an_own_price_goes_before_a_catalogue() -> None:
    own = price("1", {"model": "m"}, meter="llm.input", per="1000000 {token}")

    winner, loser = book(own, catalogues=(CATALOGUE,)).candidates("llm.input", {"model": "m"}, AT)

    assert winner.price is own
    assert loser.lost.startswith("matches, but your own")


def test_a_book_can_be_sent_to_another_process() -> None:
    prices = book(price("1", {"region": "a"}), catalogues=(CATALOGUE,))

    received = pickle.loads(pickle.dumps(prices))

    assert received == prices
    assert received.find("compute.cpu", {"region": "a"}, AT) == prices.prices[0]


def test_a_volume_price_is_said_to_be_that_of_the_first_tier() -> None:
    tiers = (Tier(Decimal("0.09"), Decimal(10240)), Tier(Decimal("0.085")))
    price = Price(meter="network.egress", per=Quantity.parse("GiB"), tiers=tiers, currency="USD")
    book = PriceBook(version="1", currency="USD", prices=(price,))

    cost = book.price([Usage("network.egress", Quantity.parse("GiB"))], AT)

    assert cost.total.amount == Decimal("0.09")
    assert [(caveat.kind, caveat.about) for caveat in cost.caveats] == [("first-tier", "network.egress")]
    assert "10240 GiB a month" in cost.caveats[0].text

"""What holds for every packaged price file, found by its name: source and date, no tie, and its examples to the last digit."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from codeops.core.errors import AmbiguousPrice, MissingPrice
from codeops.core.money import Quantity
from codeops.core.price import Price
from codeops.core.pricebook import PriceBook
from codeops.core.unit import EXACT, Unit
from codeops.document import decode, load
from codeops.prices import cloud
from codeops.prices.checkup import ties
from codeops.prices.form import CloudFile, Example

CLOUDS = cloud.names()
FILES = [(name, path) for name in CLOUDS for path in cloud.files(name)]
EXAMPLES = [(name, path, index) for name, path in FILES for index in range(len(decode(load(str(path)), CloudFile).example))]
BOOKS = {name: PriceBook(version="packaged", currency="USD", prices=tuple(cloud.prices_of(name))) for name in CLOUDS}


def content(path: Path) -> CloudFile:
    return decode(load(str(path)), CloudFile)


def label(pair: tuple[object, ...]) -> str:
    return "/".join(part.stem if isinstance(part, Path) else str(part) for part in pair)


def test_the_three_clouds_have_prices() -> None:
    assert {"aws", "azure", "gcp"} <= set(CLOUDS)


@pytest.mark.parametrize(("name", "path"), FILES, ids=map(label, FILES))
def test_a_file_states_its_source_and_date_and_has_an_example(name: str, path: Path) -> None:
    file = content(path)

    assert file.title
    assert file.source.startswith("https://")
    assert date(2024, 1, 1) <= file.retrieved <= date(2027, 12, 31)
    assert file.price
    assert file.example
    assert all(example.text and example.source for example in file.example)


@pytest.mark.parametrize(("name", "path"), FILES, ids=map(label, FILES))
def test_a_meter_of_a_cloud_names_the_cloud(name: str, path: Path) -> None:
    for entry in content(path).price:
        assert entry.meter.split(".")[0] in {name, "compute", "network", "gpu"}, entry.meter
        assert "provider" not in entry.when


@pytest.mark.parametrize(("name", "path", "index"), EXAMPLES, ids=map(label, EXAMPLES))
def test_a_worked_example_is_reproduced_to_its_last_digit(name: str, path: Path, index: int) -> None:
    example = content(path).example[index]

    computed = worth(example, BOOKS[name], content(path).retrieved)

    assert computed.quantize(example.cost) == example.cost, f"{example.text}: {computed}"


def worth(example: Example, book: PriceBook, at: date) -> Decimal:
    """What the usage of an example costs; usage that falls under one entry fills its tiers together."""
    bought: dict[int, tuple[Price, Quantity]] = {}
    for usage in example.usage:
        price = book.find(usage.meter, usage.labels, at)
        quantity = Quantity(usage.amount, Unit.parse(usage.unit))
        known = bought.get(id(price))
        bought[id(price)] = (price, known[1] + quantity if known else quantity)
    total = Decimal(0)
    for price, quantity in bought.values():
        total = EXACT.add(total, price.cost(quantity).amount)
    return total


def test_an_example_with_another_price_would_not_be_reproduced() -> None:
    """Negative control: one digit in one price must show."""
    name, path, index = EXAMPLES[0]
    example = content(path).example[index]
    book = BOOKS[name]
    used = {usage.meter for usage in example.usage}
    dearer = tuple(
        Price(
            **{field: getattr(price, field) for field in price.__dataclass_fields__ if field != "tiers"},
            tiers=tuple(type(tier)(tier.price * 2, tier.up_to) for tier in price.tiers),
        )
        if price.meter in used
        else price
        for price in book.prices
    )

    assert (
        worth(example, PriceBook(version="x", currency="USD", prices=dearer), content(path).retrieved).quantize(example.cost)
        != example.cost
    )


@pytest.mark.parametrize("name", CLOUDS)
def test_no_two_entries_of_a_cloud_can_match_equally_well(name: str) -> None:
    found = [f"{one.meter}: {one.origin} ({one.when}) and {other.origin} ({other.when})" for one, other in ties(BOOKS[name].prices)]

    assert not found


@pytest.mark.parametrize("name", CLOUDS)
def test_usage_that_states_nothing_or_only_the_region_never_meets_a_tie(name: str) -> None:
    """Each file assumes labels of its own: two files of one meter must not both feel meant."""
    at = date(2026, 11, 1)
    regions = {value for price in BOOKS[name].prices for label, values in price.when.terms if label == "region" for value in values}

    tied = []
    for meter in BOOKS[name].meters():
        for labels in ({}, {"pricing_tier": "on-demand"}, {"pricing_tier": "spot"}, *({"region": region} for region in sorted(regions))):
            try:
                assert BOOKS[name].find(meter, labels, at).meter == meter
            except MissingPrice:
                continue  # most meters are priced in some regions only
            except AmbiguousPrice as tie:
                tied.append(tie.why)

    assert not tied

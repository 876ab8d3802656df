from collections.abc import Callable
from decimal import Decimal

import pytest

from codeops import prices
from codeops.core.location import Location
from codeops.core.money import Quantity
from codeops.core.price import Price, Tier
from codeops.prices import suspicion

Write = Callable[..., str]
HEAD = 'version = "1"\ncurrency = "USD"\n'


def price(amount: str, per: str, meter: str = "aws.s3.get", currency: str = "USD") -> Price:
    return Price(meter=meter, per=Quantity.parse(per), tiers=(Tier(Decimal(amount)),), currency=currency, origin=Location("b.toml", 3))


PUBLIC = {
    "aws.s3.get": [price("0.0004", "1000 {request}"), price("0.01", "1000 {request}"), price("0", "1000 {request}")],
    "aws.s3.put": [price("0.005", "1000 {request}")],
    "aws.sqs.request": [price("0.40", "1000000 {request}")],
    "compute.cpu": [price("0.03", "vCPU.h"), price("0.01", "vCPU.h")],
    "aws.s3.delete": [price("0", "1000 {request}")],
    "aws.odd.meter": [price("1", "h")],
}


def yardstick(meter: str) -> list[Price]:
    return PUBLIC.get(meter, [])


@pytest.mark.parametrize(
    ("amount", "per", "meter", "suspected"),
    [
        ("0.0004", "{request}", "aws.s3.get", True),  # the thousandfold trap
        ("0.0000004", "{request}", "aws.s3.get", False),  # the right price of one
        ("0.00002", "{request}", "aws.s3.get", True),  # a twentieth of the price of a thousand
        ("0.0000199", "{request}", "aws.s3.get", False),  # twice the dearest class
        ("0.2", "{request}", "aws.s3.get", True),
        ("0.0004", "1000 {request}", "aws.s3.get", False),
        ("0.0004", "100 {request}", "aws.s3.get", False),  # ten times too dear is a price
        ("4", "1000 {request}", "aws.s3.get", True),  # 400 times the dearest class
        ("0.0000001", "1000 {request}", "aws.s3.get", True),  # 4000 times cheaper than the cheapest
        ("0.005", "{request}", "aws.s3.put", True),
        ("0.4", "{request}", "aws.sqs.request", True),  # a millionfold
        ("0.0000004", "{request}", "aws.sqs.request", False),
        ("3.01", "vCPU.h", "compute.cpu", True),
        ("3", "vCPU.h", "compute.cpu", False),  # exactly a hundred times
        ("0.0001", "vCPU.h", "compute.cpu", False),
        ("0.00009", "vCPU.h", "compute.cpu", True),
        ("0.05", "vCPU.min", "compute.cpu", False),
        ("0", "vCPU.h", "compute.cpu", False),  # free is meant
        ("9", "{request}", "aws.s3.delete", False),  # nothing to compare with but zero
        ("9", "{charge}", "stripe.charge", False),
        ("900000", "{charge}", "aws.odd.meter", False),  # other units do not compare
    ],
)
def test_a_price_is_suspected_when_no_public_price_comes_near(amount: str, per: str, meter: str, suspected: bool) -> None:
    assert bool(suspicion.of_prices([price(amount, per, meter)], yardstick)) is suspected


def test_a_price_in_another_currency_is_not_compared() -> None:
    assert not suspicion.of_prices([price("0.0004", "{request}", currency="EUR")], yardstick)


def test_both_readings_of_the_thousandfold_trap_are_told() -> None:
    (finding,) = suspicion.of_prices([price("0.0004", "{request}")], yardstick)

    assert finding.message == "aws.s3.get costs $0.0004 a request, which is near the public price of 1,000 GETs"
    assert finding.why == "read as $0.0004 a request: 10 million GETs cost $4,000; if it is the public price per 1,000 they cost $4"
    assert finding.fix == 'write per = "1000 {request}", or in the simple form the price of one: 0.0000004'
    assert finding.location == Location("b.toml", 3)


def test_a_price_far_from_all_others_names_the_nearest() -> None:
    (dear,) = suspicion.of_prices([price("35", "vCPU.h", "compute.cpu")], yardstick)
    (cheap,) = suspicion.of_prices([price("0.000035", "vCPU.h", "compute.cpu")], yardstick)

    assert dear.message == "compute.cpu is 1,167 times dearer than any public price"
    assert "nearest public price is 0.03 USD per vCPU.h" in dear.why
    assert cheap.message == "compute.cpu is 286 times cheaper than any public price"


def test_the_simple_form_with_public_prices_of_s3_carries_both_readings(written: Write) -> None:
    book = prices.load(written('{"storage": {"s3_get": 0.0004,\n"s3_put": 0.005}}', "prices.json"))

    get, put = book.caveats
    assert (get.kind, get.about, put.about) == ("suspicious-price", "aws.s3.get", "aws.s3.put")
    assert "10 million GETs cost $4,000" in get.text
    assert "they cost $4" in get.text
    assert "10 million PUTs cost $50,000" in put.text
    assert "prices.json:2:1" in put.text


def test_the_full_form_falls_into_the_same_trap(written: Write) -> None:
    trap = '[[price]]\nmeter = "aws.s3.get"\nprice = "0.0004"\nper = "{request}"\n'

    assert [caveat.kind for caveat in prices.load(written(HEAD + trap)).caveats] == ["suspicious-price"]
    assert not prices.load(written(HEAD + trap.replace("{request}", "1000 {request}"))).caveats


def test_a_book_that_extends_a_cloud_is_compared_with_that_cloud(written: Write) -> None:
    cpu = 'extends = ["gcp"]\n[[price]]\nmeter = "compute.cpu"\nprice = "35"\nper = "vCPU.h"\n'

    (caveat,) = prices.load(written(HEAD + cpu)).caveats

    assert "times dearer than any public price" in caveat.text


@pytest.mark.parametrize(("percent", "suspected"), [("8", False), ("0.08", True), ("0.999", True), ("1", False), ("0", False)])
def test_an_overhead_below_one_percent_is_suspected(written: Write, percent: str, suspected: bool) -> None:
    book = prices.load(written('{"platform": {"container_overhead_pct": ' + percent + "}}", "prices.json"))

    assert bool(book.caveats) is suspected


def test_both_readings_of_the_overhead_are_told(written: Write) -> None:
    (caveat,) = prices.load(written('{"platform": {"container_overhead_pct": 0.08}}', "prices.json")).caveats

    assert caveat.about == "compute.*"
    assert "read as 0.08 %; if it is a ratio, 8 % is meant" in caveat.text

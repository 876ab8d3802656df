from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from codeops import prices
from codeops.core.errors import MissingPrice
from codeops.core.money import Money

Write = Callable[..., str]
AT = date(2026, 11, 15)
BOOK = """version = "1"
currency = "USD"
extends = ["gcp", "llm"]
[[price]]
meter = "compute.cpu"
price = "0.035"
per = "vCPU.h"
when = { pricing_tier = "on-demand", pool = "reports" }
[[price]]
meter = "stripe.charge"
price = "0.30"
per = "{charge}"
[[multiplier]]
name = "overhead"
factor = "1.08"
meters = ["compute.*"]
[[multiplier]]
name = "reserved"
factor = "0.5"
when = { pool = "reserved" }
"""


def test_the_winner_is_explained_with_factors_and_every_loser_with_its_reason(written: Write) -> None:
    book = prices.load(written(BOOK))

    told = prices.explain(book, "compute.cpu", {"pricing_tier": "on-demand", "pool": "reports"}, AT)

    assert told.winner.origin.line == 4
    assert told.rate.price == Money(Decimal("0.0378"), "USD")
    assert str(told.rate) == "0.0378 USD per vCPU.h"
    assert [factor.name for factor in told.multipliers] == ["overhead"]
    assert told.assumed == {}
    assert len(told.losers) == sum(price.meter == "compute.cpu" for price in book.prices) - 1
    assert all(loser.lost for loser in told.losers)
    assert "matches, but your own price book goes before the one it extends" in {loser.lost for loser in told.losers}


def test_what_is_assumed_is_told_without_the_provider(written: Write) -> None:
    told = prices.explain(prices.load(written(BOOK)), "compute.cpu", {"region": "us-central1", "pricing_tier": "spot"}, AT)

    assert told.winner.layer == 1
    assert told.assumed == {"instance_family": "e2", "platform": "gce"}
    assert "provider" not in str(prices.labels_of(told.winner))
    assert "provider=gcp" in str(told.winner.when)


def test_an_own_label_called_provider_is_shown(written: Write) -> None:
    (own,) = prices.load(
        written('version = "1"\ncurrency = "USD"\n[[price]]\nmeter = "a.b"\nper = "h"\nprice = 1\nwhen = { provider = "me" }\n')
    ).prices

    assert str(prices.labels_of(own)) == "provider=me"


def test_a_meter_without_a_price_is_missing(written: Write) -> None:
    with pytest.raises(MissingPrice):
        prices.explain(prices.load(written(BOOK)), "aws.s3.got", {}, AT)


@pytest.mark.parametrize(
    ("meter", "labels", "count"),
    [
        ("stripe.*", {}, 1),
        ("nothing.*", {}, 0),
        ("compute.cpu", {"pool": "batch", "provider": "none"}, 0),
        ("llm.input", {"model": "claude-2", "llm_provider": "anthropic"}, 1),
    ],
)
def test_a_listing_keeps_what_usage_with_these_labels_could_get(written: Write, meter: str, labels: dict[str, str], count: int) -> None:
    assert len(prices.listing(prices.load(written(BOOK)), meter=meter, labels=labels)) == count


def test_a_listing_has_own_prices_first_and_llm_prices_only_when_asked(written: Write) -> None:
    book = prices.load(written(BOOK))

    everything = prices.listing(book)

    assert [price.meter for price in everything[:2]] == ["compute.cpu", "stripe.charge"]
    assert len(everything) == len(book.prices)
    assert len(prices.listing(book, meter="llm.*")) > 1000

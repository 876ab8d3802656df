from collections.abc import Callable
from decimal import Decimal

import pytest

from codeops import prices
from codeops.prices.form import is_simple

Write = Callable[..., str]
SIMPLE = """\
// what a team has had for years
{
  "meta": {"version": "2026-10", "currency": "EUR"},
  "compute": {"vcpu_hour": 0.035, "mem_gib_hour": 0.004},  // blended
  "storage": {"s3_get": 0.0000004, "s3_put": 0.000005, "s3_gib_month": 0.023},
  "network": {"egress_gib": "0.09"},
  "platform": {"container_overhead_pct": 8}
}
"""


def test_each_key_stands_for_a_meter_and_its_unit(written: Write) -> None:
    book = prices.load(written(SIMPLE, "prices.json"))

    assert (book.version, book.currency, book.caveats) == ("2026-10", "EUR", ())
    assert {price.meter: str(price.rate) for price in book.prices} == {
        "compute.cpu": "0.035 EUR per vCPU.h",
        "compute.memory": "0.004 EUR per GiB.h",
        "aws.s3.get": "0.0000004 EUR per {request}",
        "aws.s3.put": "0.000005 EUR per {request}",
        "aws.s3.storage": "0.023 EUR per GiB.mo",
        "network.egress": "0.09 EUR per GiB",
    }
    assert [str(price.origin).rpartition("/")[2] for price in book.prices][:2] == ["prices.json:4:15", "prices.json:4:35"]


def test_the_overhead_is_percent_on_compute_alone(written: Write) -> None:
    (factor,) = prices.load(written(SIMPLE, "prices.json")).multipliers

    assert (factor.name, factor.factor, factor.meters) == ("container overhead", Decimal("1.08"), ("compute.*",))


@pytest.mark.parametrize("text", ['{"meta": {}}', '{"compute": {}}', '{"$schema": "x", "network": {}}'])
def test_every_key_may_be_left_out(written: Write, text: str) -> None:
    book = prices.load(written(text, "prices.json"))

    assert (book.version, book.currency, book.prices, book.multipliers) == ("unversioned", "USD", (), ())


def test_the_simple_form_may_be_toml_or_yaml(written: Write) -> None:
    toml = prices.load(written("[compute]\nvcpu_hour = 0.035\n", "a.toml"))
    yaml = prices.load(written("compute:\n  vcpu_hour: 0.035\n", "a.yaml"))

    assert toml.digest == yaml.digest


@pytest.mark.parametrize(
    ("keys", "simple"),
    [
        ({"compute"}, True),
        ({"meta", "whatever"}, True),
        ({"compute", "version"}, False),
        ({"version", "currency"}, False),
        (set(), False),
        ({"$schema"}, False),
    ],
)
def test_the_form_is_told_by_its_shape(keys: set[str], simple: bool) -> None:
    assert is_simple(dict.fromkeys(keys)) is simple


def test_a_simple_book_can_be_extended(written: Write) -> None:
    written(SIMPLE, "old.json")

    book = prices.load(written('version = "2"\ncurrency = "EUR"\nextends = ["old.json"]\n'))

    assert {price.layer for price in book.prices} == {1}
    assert [factor.name for factor in book.multipliers] == ["container overhead"]

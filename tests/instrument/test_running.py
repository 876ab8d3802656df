import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider

import codeops
from codeops.instrument import running

BOOK = """
version = "1"
currency = "USD"

[[price]]
meter = "stripe.charge"
price = "1"
per = "{request}"
when = { region = "eu-west-1" }

[[price]]
meter = "stripe.charge"
price = "3"
per = "{request}"
when = { region = "us-east-1" }
"""


@pytest.fixture
def pricebook(tmp_path, monkeypatch):
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "OTEL_RESOURCE_ATTRIBUTES"):
        monkeypatch.delenv(name, raising=False)
    file = tmp_path / "pricebook.toml"
    file.write_text(BOOK)
    yield str(file)
    codeops.uninstrument()


def provider(region: str) -> TracerProvider:
    return TracerProvider(resource=Resource({"cloud.provider": "aws", "cloud.region": region}), shutdown_on_exit=False)


def cost_of_a_charge() -> float | None:
    with codeops.span("charged"):
        codeops.record("stripe.charge", 1)
    return next(row for row in codeops.collect() if row.name == "charged").cost


@pytest.mark.parametrize("ledger", ["native", "pure"])
def test_a_provider_that_is_made_later_says_where_the_process_runs(pricebook, ledger):
    codeops.instrument(pricebook, memory=False, ledger=ledger)
    provider("eu-west-1")

    assert cost_of_a_charge() == pytest.approx(1)
    assert running.now().place.labels["region"] == "eu-west-1"


def test_the_first_provider_decides(pricebook):
    codeops.instrument(pricebook, memory=False)
    provider("eu-west-1")
    provider("us-east-1")

    assert cost_of_a_charge() == pytest.approx(1)


def test_labels_that_are_given_go_before_the_provider_s(pricebook):
    codeops.instrument(pricebook, memory=False, labels={"region": "us-east-1"})
    provider("eu-west-1")

    assert cost_of_a_charge() == pytest.approx(3)


def test_without_a_provider_the_region_is_not_known_and_nothing_is_guessed(pricebook):
    codeops.instrument(pricebook, memory=False)

    with codeops.span("charged"):
        codeops.record("stripe.charge", 1)
    row = next(row for row in codeops.collect() if row.name == "charged")

    assert row.cost == pytest.approx(0)
    assert set(row.unpriced) == {"stripe.charge", "compute.cpu"}

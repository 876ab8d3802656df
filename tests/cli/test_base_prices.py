"""`gate --base-dir`: prices, traffic and doubts of the base reach the report, and judge nothing but usage."""

from pathlib import Path

import pytest

from cli.cli_project import change, make, report


@pytest.fixture
def trees(tmp_path) -> tuple[Path, Path]:
    """The project as base and as head."""
    return make(tmp_path / "base"), make(tmp_path / "head")


def caveats(found: dict) -> dict[str, str]:
    return {one["kind"]: one["text"] for one in found["caveats"]}


def test_a_price_and_traffic_that_rose_are_told_apart_and_fail_nothing(trees):
    base, head = trees
    change(head, "price = 0.01", "price = 0.02", "prices.toml")
    change(head, 'version = "1"', 'version = "2"', "prices.toml")
    change(head, '"/v1/pay" = 1000', '"/v1/pay" = 3000', "codeops.toml")

    code, found = report(head, "gate", "--base-dir", str(base))

    assert code == 0
    assert (found["base"]["pricebook"]["version"], found["head"]["pricebook"]["version"]) == ("1", "2")
    assert caveats(found)["prices-differ"].startswith("the base has price book 1 (sha256:")
    # A month of the base: 1,000 × 2 charges and 30 × 10 at a cent each. Of the head: 3,000 × 2 and 30 × 10 at two cents.
    assert (found["monthly_delta"], found["monthly_price_effect"], found["monthly_traffic_effect"]) == (0, 63, 40)


def test_prices_of_the_base_that_cannot_be_read_are_a_caveat(trees):
    base, head = trees
    (base / "prices.toml").write_text("version = ", encoding="utf-8")

    code, found = report(head, "gate", "--base-dir", str(base))

    assert code == 0
    assert "because the base's price book cannot be used" in caveats(found)["base-prices"]
    assert found["monthly_price_effect"] is None


def test_a_base_without_a_configuration_has_no_prices_of_its_own(trees):
    base, head = trees
    (base / "codeops.toml").unlink()

    code, found = report(head, "gate", "--base-dir", str(base))

    assert code == 0
    assert (found["base"]["pricebook"], found["monthly_price_effect"], found["monthly_traffic_effect"]) == (None, None, None)


def test_a_route_that_the_base_cannot_answer_is_inconclusive_and_the_others_are_judged(trees):
    base, head = trees
    change(base, 'codeops.record("stripe.charge", 1)', "raise ValueError('no refunds')")

    code, found = report(head, "gate", "--base-dir", str(base))

    assert code == 3
    (open_one,) = [one for one in found["budgets"] if one["verdict"] != "pass"]
    assert (open_one["route"], open_one["verdict"]) == ("/v1/refund", "inconclusive")
    assert open_one["text"].startswith("/v1/refund is not compared: the base cannot be measured: ")
    assert {route["name"]: route["change"] for route in found["routes"]} == dict.fromkeys(["/v1/pay", "/v1/refund", "nightly"], "compared")

import sys
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeops import prices
from codeops.core.errors import BrokenPlugin, InvalidValue, MissingPrice, UnreadableFile
from codeops.core.selector import Selector
from codeops.prices import cloud

Write = Callable[..., str]
AT = date(2026, 11, 15)
HEAD = 'version = "1"\ncurrency = "USD"\n'
CPU = '[[price]]\nmeter = "compute.cpu"\nprice = "0.03"\nper = "vCPU.h"\n'
ISSUE = """
version = "2026-11-01"
currency = "USD"
extends = ["gcp"]
[[price]]
meter = "compute.cpu"
price = "0.035"
per = "vCPU.h"
when = { pricing_tier = "on-demand", region = "us-east-1" }
valid_from = 2026-11-01
source = "node pool m6i, blended"
[[multiplier]]
name = "container overhead"
factor = "1.08"
meters = ["compute.*"]
"""


def test_the_full_form_is_read_with_everything_it_says(written: Write) -> None:
    book = prices.load(written(ISSUE))

    own = book.prices[0]
    assert (book.version, book.currency, book.caveats) == ("2026-11-01", "USD", ())
    assert (own.meter, str(own.rate), own.valid_from, own.source, own.layer) == (
        "compute.cpu",
        "0.035 USD per vCPU.h",
        date(2026, 11, 1),
        "node pool m6i, blended",
        0,
    )
    assert own.when == Selector.of({"pricing_tier": "on-demand", "region": "us-east-1"})
    assert own.origin.line == 5
    assert [(factor.name, factor.factor, factor.meters) for factor in book.multipliers] == [
        ("container overhead", Decimal("1.08"), ("compute.*",))
    ]


def test_one_book_in_three_formats_has_one_digest(written: Write) -> None:
    toml = written(HEAD + CPU + 'when = { pool = "x", region = ["b", "a"] }\nvalid_from = 2026-01-01\n', "a.toml")
    json = written(
        '{"currency": "USD", "version": "1", // c\n "price": [{"per": "1 vCPU.h", "meter": "compute.cpu", "price": 0.030,'
        ' "when": {"region": ["a", "b"], "pool": ["x"]}, "valid_from": "2026-01-01"}]}',
        "a.json",
    )
    yaml = written(
        "version: '1'\ncurrency: USD\nprice:\n- meter: compute.cpu\n  price: 0.03\n  per: vCPU.h\n  valid_from: 2026-01-01\n"
        "  when: {pool: x, region: [a, b]}\n  note: prose decides no price\n",
        "a.yaml",
    )

    assert prices.load(toml).digest == prices.load(json).digest == prices.load(yaml).digest


@pytest.mark.parametrize(
    "other",
    [
        HEAD.replace('"1"', '"2"') + CPU,
        HEAD + CPU.replace("0.03", "0.031"),
        HEAD + CPU.replace("vCPU.h", "1000 vCPU.h"),
        HEAD + CPU + 'when = { region = "a" }\n',
        HEAD + CPU + "valid_from = 2026-01-01\n",
        HEAD + CPU + '[[multiplier]]\nname = "x"\nfactor = 2\n',
        HEAD + 'extends = ["llm"]\n' + CPU,
        HEAD,
    ],
)
def test_whatever_decides_a_price_changes_the_digest(written: Write, other: str) -> None:
    assert prices.load(written(HEAD + CPU, "a.toml")).digest != prices.load(written(other, "b.toml")).digest


def test_the_digest_names_its_method(written: Write) -> None:
    digest = prices.load(written(HEAD + CPU)).digest

    assert digest.startswith("sha256:")
    assert len(digest) == 7 + 64


def test_a_cloud_is_assumed_as_provider_when_it_is_the_only_one(written: Write) -> None:
    one = prices.load(written(HEAD + 'extends = ["gcp", "llm"]\n', "one.toml"))
    two = prices.load(written(HEAD + 'extends = ["gcp", "azure"]\n', "two.toml"))
    labels = {"platform": "gce", "instance_family": "e2", "region": "us-central1", "pricing_tier": "on-demand"}

    assert dict(one.find("compute.cpu", labels, AT).when.terms)["provider"] == ("gcp",)
    assert "provider" not in str([caveat.kind for caveat in one.price([], AT).caveats])
    with pytest.raises(MissingPrice, match=r"compute\.cpu"):
        two.find("compute.cpu", labels, AT)
    assert two.find("compute.cpu", {**labels, "provider": "gcp"}, AT).origin.path.startswith("prices/data/gcp/")


def test_own_prices_go_before_those_of_a_book_they_extend_and_those_before_the_cloud(written: Write) -> None:
    written(
        HEAD + 'extends = ["gcp"]\n' + CPU.replace("0.03", "0.02") + CPU.replace("0.03", "0.01") + 'when = { pool = "x" }\n',
        "company/base.toml",
    )
    path = written(HEAD + 'extends = ["gcp", "company/base.toml"]\n' + CPU)

    book = prices.load(path)

    layers = {price.origin.path.rpartition("/")[2]: price.layer for price in book.prices}
    assert (layers["pricebook.toml"], layers["base.toml"], layers["compute_engine.toml"]) == (0, 1, 2)
    assert book.find("compute.cpu", {"pool": "x"}, AT).rate.price.amount == Decimal("0.03")
    assert len(book.prices) == len(set(map(id, book.prices))) == 3 + len(cloud.prices_of("gcp"))


def test_a_book_reached_by_two_ways_counts_once_and_lies_below_both(written: Write) -> None:
    written(HEAD + CPU.replace("0.03", "0.04"), "d.toml")
    written(HEAD + 'extends = ["d.toml"]\n' + CPU, "b.toml")
    written(HEAD + 'extends = ["b.toml", "d.toml"]\n', "c.toml")
    path = written(HEAD + 'extends = ["d.toml", "c.toml", "b.toml"]\n', "a.toml")

    book = prices.load(path)

    assert [(price.origin.path.rpartition("/")[2], price.layer) for price in book.prices] == [("b.toml", 2), ("d.toml", 3)]


def test_a_circle_of_books_is_refused_with_its_course(written: Write) -> None:
    written(HEAD + 'extends = ["c.toml"]\n', "b.toml")
    written(HEAD + 'extends = ["a.toml"]\n', "c.toml")

    with pytest.raises(InvalidValue) as caught:
        prices.load(written(HEAD + 'extends = ["b.toml"]\n', "a.toml"))

    assert caught.value.why == "a.toml → b.toml → c.toml → a.toml"
    assert str(caught.value.location).endswith("c.toml:3:12")


def test_an_extended_file_of_another_encoding_has_its_own_place(tmp_path: Path, written: Write) -> None:
    (tmp_path / "b.toml").write_bytes(b"\xff")

    with pytest.raises(UnreadableFile) as caught:
        prices.load(written(HEAD + 'extends = ["c.toml"]\n', "a.toml"))
    with pytest.raises(UnreadableFile) as encoding:
        prices.load(written(HEAD + 'extends = ["b.toml"]\n', "a.toml"))

    with pytest.raises(UnreadableFile) as nested:
        prices.load(written(HEAD + 'extends = ["a.toml"]\n', "top.toml"))

    assert str(caught.value.location).endswith("a.toml:3:12")
    assert str(nested.value.location).endswith("a.toml:3:12")
    assert "a.toml" in str(encoding.value.location)
    assert "b.toml" in encoding.value.title


def test_a_multiplier_replaces_that_name_in_the_books_below(written: Write) -> None:
    factor = '[[multiplier]]\nname = "{}"\nfactor = {}\nwhen = {{ pool = "{}" }}\n'
    written(HEAD + factor.format("overhead", 2, "x") + factor.format("discount", 3, "x"), "b.toml")
    path = written(HEAD + 'extends = ["b.toml"]\n' + factor.format("overhead", 4, "x") + factor.format("overhead", 5, "y"), "a.toml")

    book = prices.load(path)

    assert [(factor.name, factor.factor) for factor in book.multipliers] == [("overhead", 4), ("overhead", 5), ("discount", 3)]
    assert book.multipliers[0].meters == ("*",)


def test_own_meters_have_any_unit(written: Write) -> None:
    book = prices.load(written(HEAD + '[[price]]\nmeter = "stripe.charge"\nprice = "0.30"\nper = "{charge}"\n'))

    assert book.meters() == ("stripe.charge",)


def test_clouds_are_the_folders_with_prices_and_llm() -> None:
    assert set(prices.clouds()) >= {"gcp", "azure", "llm"}


THIRD_PARTY = """
title = "Own hardware"
source = "https://example.com/prices"
retrieved = 2026-10-01
currency = "USD"
[[ price ]]
meter = "compute.cpu"
price = "0.01"
per = "vCPU.h"
when = { rack = "a" }
"""


def plug_in(tmp_path: Path, target: str) -> None:
    (tmp_path / "rack_prices").mkdir()
    (tmp_path / "rack_prices" / "__init__.py").write_text("raise RuntimeError('price data is not imported')\n")
    (tmp_path / "rack_prices" / "racks.toml").write_text(THIRD_PARTY)
    (tmp_path / "rack-1.0.dist-info").mkdir()
    (tmp_path / "rack-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: rack\nVersion: 1.0\n")
    (tmp_path / "rack-1.0.dist-info" / "entry_points.txt").write_text(f"[codeops.prices.data]\nrack = {target}\n")


def test_a_third_party_adds_a_cloud_through_an_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: Write) -> None:
    plug_in(tmp_path, "rack_prices")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])

    book = prices.load(written(HEAD + 'extends = ["rack"]\n'))

    found = book.find("compute.cpu", {"rack": "a"}, AT)
    assert "rack" in prices.clouds()
    assert (str(found.origin), str(found.when)) == ("rack_prices/racks.toml:6:1", "provider=rack, rack=a")


@pytest.mark.parametrize("target", ["no_such_package", "no.such.package", "json.decoder"])
def test_an_entry_point_that_leads_nowhere_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: Write, target: str
) -> None:
    plug_in(tmp_path, target)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])

    with pytest.raises(BrokenPlugin, match="rack"):
        prices.load(written(HEAD + 'extends = ["rack"]\n'))


@settings(max_examples=6)
@given(st.permutations(["gcp", "llm", "b.toml"]))
def test_the_order_of_extends_does_not_change_the_digest(tmp_path_factory: pytest.TempPathFactory, order: list[str]) -> None:
    folder = tmp_path_factory.mktemp("order")
    (folder / "b.toml").write_text(HEAD + CPU)
    paths = [folder / "a.toml", folder / "c.toml"]
    paths[0].write_text(HEAD + 'extends = ["gcp", "llm", "b.toml"]\n')
    paths[1].write_text(HEAD + f"extends = {order}\n")

    assert prices.load(str(paths[0])).digest == prices.load(str(paths[1])).digest

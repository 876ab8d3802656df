"""The cost map of a project, as `codeops bench` writes it."""

import json
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from cli.cli_project import change, codeops, make


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make(tmp_path / "project")


def read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)


def test_bench_writes_dollars_by_line(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert codeops(project, "bench") == 0

    found = read(project / "cost" / "map.json")
    line = next(line for line in found["files"]["work.py"] if (line["route"], line["meter"]) == ("/v1/pay", "stripe.charge"))
    assert (line["line"], line["function"], line["code"]) == (5, "pay", 'codeops.record("stripe.charge", 2)')
    assert (line["amount"], line["cost"], line["monthly"], line["certainty"]) == (2, Decimal("0.02"), Decimal(20), "exact")
    assert found["routes"]["/v1/pay"]["cost"] == Decimal("0.02")
    assert found["routes"]["/v1/pay"]["unplaced"] == 0
    assert "map.json" in capsys.readouterr().err


def test_what_has_no_price_has_an_amount_a_caveat_and_no_cost(project: Path) -> None:
    assert codeops(project, "bench") == 0

    found = read(project / "cost" / "map.json")
    mail = next(line for line in found["files"]["work.py"] if line["meter"] == "mail.sent")
    assert (mail["amount"], mail["cost"], mail["monthly"]) == (3, None, None)
    assert found["routes"]["/v1/refund"]["at_least"] is True
    assert "mail.sent" in {caveat["about"] for caveat in found["caveats"] if caveat["kind"] == "unpriced"}


def test_the_map_follows_its_published_schema(project: Path) -> None:
    assert codeops(project, "bench") == 0

    schema = json.loads(files("codeops").joinpath("schemas", "cost-map.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(json.loads((project / "cost" / "map.json").read_text(encoding="utf-8")), schema)


def test_it_stands_where_the_configuration_says(project: Path) -> None:
    change(project, "pricebook =", 'cost_map = "out/lines.json"\npricebook =', "codeops.toml")

    assert codeops(project, "bench") == 0
    assert read(project / "out" / "lines.json")["schema"] == 1
    assert not (project / "cost").exists()


def test_a_part_of_the_suite_does_not_overwrite_the_map_of_the_whole(project: Path) -> None:
    assert codeops(project, "bench") == 0
    before = (project / "cost" / "map.json").read_bytes()

    assert codeops(project, "bench", "--select", "nightly") == 0
    assert (project / "cost" / "map.json").read_bytes() == before


def test_the_gate_writes_no_map(project: Path) -> None:
    assert codeops(project, "bench", "--update-baseline") == 0
    (project / "cost" / "map.json").unlink()

    assert codeops(project, "gate") == 0
    assert not (project / "cost" / "map.json").exists()

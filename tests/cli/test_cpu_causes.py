"""A change that only burns more CPU fails with the line that burns it."""

import json
from pathlib import Path

import pytest

from cli.cli_project import CPU_PRICES, codeops, make, report
from codeops.bench.profiles.profile import is_available

CONFIG = """
pricebook = "prices.toml"

[bench]
seconds = 0.05

[[bench.function]]
route = "/v1/sum"
call = "work:both"
"""

WORK = """
def squares(number):
    return sum(value * value for value in range(number))

def cubes(number):
    return sum(value**3 for value in range(number))

def both():
    squares({squares})
    cubes(3000)
"""


def project(folder: Path, squares: int) -> Path:
    return make(folder, CONFIG, CPU_PRICES, WORK.format(squares=squares))


@pytest.mark.slow
@pytest.mark.skipif(not is_available(), reason="no profile on this system")
def test_the_line_that_burns_more_cpu_is_named(tmp_path: Path) -> None:
    base, head = project(tmp_path / "base", 6000), project(tmp_path / "head", 12000)

    code, found = report(head, "gate", "--base-dir", str(base))

    assert code == 1
    (route,) = found["routes"]
    cause = route["causes"][0]
    assert (cause["meter"], cause["location"]["path"], cause["location"]["line"]) == ("compute.cpu", "work.py", 3)
    (meter,) = [one for one in route["meters"] if one["meter"] == "compute.cpu"]
    assert cause["amount"] == pytest.approx(meter["head"] - meter["base"], rel=0.25)


@pytest.mark.slow
@pytest.mark.skipif(not is_available(), reason="no profile on this system")
def test_the_cost_map_has_the_lines_that_burn_cpu(tmp_path: Path) -> None:
    folder = project(tmp_path / "project", 12000)

    assert codeops(folder, "bench") == 0

    found = json.loads((folder / "cost" / "map.json").read_text(encoding="utf-8"))
    lines = [line for line in found["files"]["work.py"] if line["meter"] == "compute.cpu"]
    assert {line["certainty"] for line in lines} == {"sampled"}
    assert all(0 < line["error"] < line["amount"] for line in lines[:1])
    assert 0.5 < sum(line["cost"] for line in lines) / found["routes"]["/v1/sum"]["cost"] <= 1

"""`--counter instructions`: a tolerance of 1 % that holds, on real valgrind."""

import os
import shutil
from pathlib import Path

import pytest

from cli.cli_project import CPU_PRICES, codeops, make, report

CONFIG = """
pricebook = "prices.toml"

[budget]
regression = "1 %"

[[bench.function]]
route = "/v1/sum"
call = "work:total"
"""
WORK = """
{edit}
def total():
    return sum(value * value % 7 for value in range({steps}))
"""
IRRELEVANT = """
LIMITS = {name: len(name) for name in ("first", "second", "third")}

def never_called(value):
    "Says so."
    return LIMITS[value]
"""
needs_valgrind = pytest.mark.skipif(shutil.which("valgrind") is None and os.environ.get("CI") != "true", reason="valgrind is not installed")


def project(folder: Path, steps: int, edit: str = "") -> Path:
    return make(folder, CONFIG, CPU_PRICES, WORK.format(steps=steps, edit=edit))


@needs_valgrind
@pytest.mark.slow
@pytest.mark.parametrize(("steps", "edit", "code"), [(10_200, "", 1), (10_000, IRRELEVANT, 0)])
def test_one_percent_is_told_from_two_and_from_none(tmp_path: Path, steps: int, edit: str, code: int) -> None:
    base, head = project(tmp_path / "base", 10_000), project(tmp_path / "head", steps, edit)

    ended, found = report(head, "gate", "--base-dir", str(base))

    assert ended == code
    assert [caveat["text"] for caveat in found["caveats"] if caveat["kind"] == "counted-cpu"] == [
        "CPU is compared by counted instructions, the mean over hash seeds: what a cache or a wait costs is not in them"
    ]
    (route,) = found["routes"]
    assert abs(float(route["head_cost"]) / float(route["base_cost"]) - steps / 10_000) < 0.002


def test_a_counter_is_about_pairs_of_base_and_head(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert codeops(make(tmp_path / "project"), "gate", "--counter", "instructions") == 2

    assert "--counter needs --base or --base-dir" in capsys.readouterr().err


def test_without_valgrind_it_cannot_be_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make(tmp_path / "project")
    monkeypatch.setenv("PATH", str(tmp_path))

    assert codeops(folder, "gate", "--base-dir", str(folder), "--counter", "instructions") == 2

    said = capsys.readouterr().err
    assert "error[unsupported-counter]" in said
    assert "there is no valgrind on the path" in said

"""The files that `codeops init` writes, read back by the code that uses them."""

import tomllib
from pathlib import Path

import yaml

from codeops.config import load as load_config
from codeops.prices import load as load_pricebook
from codeops.scaffold import Found, write

TODAY = "2026-11-01"
LABELS = {"region": "us-east-1", "platform": "ec2", "instance_family": "m6i", "pricing_tier": "on-demand"}
APP = Found(framework="FastAPI", app="shop.main:app", python_path="src", route="/v1/items", path="/v1/items")


def test_the_configuration_written_is_read_back_with_the_app_that_was_found(tmp_path: Path) -> None:
    write(str(tmp_path), APP, LABELS, TODAY)

    config = load_config(None, str(tmp_path))

    assert config.suite.requests[0].app == "shop.main:app"
    assert config.suite.requests[0].route == "/v1/items"
    assert config.labels == LABELS
    assert config.suite.python_path == (str(tmp_path / "src"),)
    assert load_pricebook(config.pricebook).version == TODAY


def test_a_project_without_a_web_app_gets_a_stand_in_that_can_be_measured(tmp_path: Path) -> None:
    written = write(str(tmp_path), Found(), LABELS, TODAY)

    assert "cost_bench.py" in written.made
    assert load_config(None, str(tmp_path)).suite.functions[0].call == "cost_bench:example"


def test_what_the_comments_propose_is_valid_too(tmp_path: Path) -> None:
    write(str(tmp_path), APP, LABELS, TODAY)
    path = tmp_path / "codeops.toml"
    lines = path.read_text(encoding="utf-8").splitlines()
    wanted = ("# per_1k", "# monthly_increase", "# [traffic]", '# "/v1', "# [budget.routes", "# regression")

    path.write_text("\n".join(line[2:] if line.startswith(wanted) else line for line in lines), encoding="utf-8")

    config = load_config(None, str(tmp_path))
    assert config.traffic == {"/v1/items": 1_000_000}
    assert config.budget.monthly_increase is not None
    assert config.budget.routes["/v1/items"].regression is not None


def test_nothing_that_stands_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "codeops.toml").write_text("# mine\n", encoding="utf-8")

    written = write(str(tmp_path), APP, LABELS, TODAY)

    assert written.kept == ("codeops.toml",)
    assert (tmp_path / "codeops.toml").read_text(encoding="utf-8") == "# mine\n"


def test_the_workflow_posts_the_report_even_when_the_gate_fails(tmp_path: Path) -> None:
    write(str(tmp_path), APP, LABELS, TODAY)

    workflow = yaml.safe_load((tmp_path / ".github/workflows/codeops.yml").read_text(encoding="utf-8"))

    steps = workflow["jobs"]["cost"]["steps"]
    gate = next(index for index, step in enumerate(steps) if "codeops gate" in step.get("run", ""))
    assert steps[0]["with"]["fetch-depth"] == 0
    assert "codeops gate --base " in steps[gate]["run"]
    assert all(step["if"] == "always()" for step in steps[gate + 1 :])
    assert "$GITHUB_STEP_SUMMARY" in steps[gate + 1]["run"]


def test_the_price_book_written_is_toml_that_extends_the_cloud(tmp_path: Path) -> None:
    write(str(tmp_path), APP, LABELS, TODAY)

    book = tomllib.loads((tmp_path / "pricebook.toml").read_text(encoding="utf-8"))

    assert book["extends"] == ["aws"]

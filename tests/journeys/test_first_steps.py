"""A developer's first five minutes: init, baseline, a passing gate, and a change that fails it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SERVICE = """
from fastapi import FastAPI

app = FastAPI()
ITEMS = [{"id": number, "name": f"item {number}", "description": "x" * 200} for number in range(50)]


@app.get("/items")
def items() -> list[dict]:
    return [{"id": item["id"], "name": item["name"]} for item in ITEMS]
"""
FLASK = """
from flask import Flask, jsonify

def create_app():
    app = Flask(__name__)

    @app.route("/things")
    def things():
        return jsonify([1, 2, 3])

    return app
"""


def codeops(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The public command, with no terminal, as CI calls it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | {"NO_COLOR": "1"}
    return subprocess.run(
        [sys.executable, "-m", "codeops", *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def quick(folder: Path) -> None:
    """The written configuration with less measuring, so that the test is short."""
    path = folder / "codeops.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("[bench]\n", "[bench]\nseconds = 0.1\n"), encoding="utf-8")


@pytest.fixture
def service(tmp_path: Path) -> Path:
    (tmp_path / "main.py").write_text(SERVICE, encoding="utf-8")
    return tmp_path


@pytest.mark.slow
def test_init_then_baseline_then_gate_passes_and_a_dearer_change_fails(service: Path) -> None:
    written = codeops(service, "init")
    quick(service)
    before = codeops(service, "gate")
    baseline = codeops(service, "bench", "--update-baseline")
    passing = codeops(service, "gate", "--output", "cost/report.md", "--output", "cost/report.json")
    main = service / "main.py"
    main.write_text(SERVICE.replace('[{"id": item["id"], "name": item["name"]} for item in ITEMS]', "ITEMS"), encoding="utf-8")
    failing = codeops(service, "gate", "--format", "markdown")

    assert written.returncode == 0, written.stderr
    assert "FastAPI app main:app, first route /items" in written.stdout
    assert (before.returncode, "error[missing-baseline]" in before.stderr) == (2, True)
    assert baseline.returncode == 0, baseline.stderr
    assert passing.returncode == 0, passing.stdout + passing.stderr
    assert json.loads((service / "cost/report.json").read_text(encoding="utf-8"))["verdict"] == "pass"
    assert failing.returncode == 1, failing.stdout + failing.stderr
    assert "/items" in failing.stdout
    assert "egress" in failing.stdout


@pytest.mark.slow
def test_a_flask_factory_is_measured_as_it_was_found(tmp_path: Path) -> None:
    (tmp_path / "web.py").write_text(FLASK, encoding="utf-8")
    codeops(tmp_path, "init")
    quick(tmp_path)

    measured = codeops(tmp_path, "bench", "--out", "cost/current.json")

    assert measured.returncode == 0, measured.stdout + measured.stderr
    assert json.loads((tmp_path / "cost/current.json").read_text(encoding="utf-8"))["routes"]["/things"]["egress_bytes"] > 0


@pytest.mark.slow
def test_a_django_project_is_measured_as_it_was_found(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "django", "startproject", "shop", str(tmp_path)], check=True)
    urls = tmp_path / "shop" / "urls.py"
    view = 'from django.http import HttpResponse\n\ndef hello(request):\n    return HttpResponse("hello")\n\n'
    text = urls.read_text(encoding="utf-8").replace("urlpatterns = [", view + 'urlpatterns = [\n    path("hello/", hello),')
    urls.write_text(text, encoding="utf-8")
    codeops(tmp_path, "init")
    quick(tmp_path)

    measured = codeops(tmp_path, "bench")

    assert measured.returncode == 0, measured.stdout + measured.stderr
    assert "/hello/" in measured.stdout


def test_init_twice_keeps_what_stands(service: Path) -> None:
    codeops(service, "init", "--region", "eu-west-1")
    first = (service / "codeops.toml").read_text(encoding="utf-8")

    again = codeops(service, "init", "--cloud", "gcp")

    assert again.returncode == 0
    assert "kept    codeops.toml" in again.stdout
    assert (service / "codeops.toml").read_text(encoding="utf-8") == first


def test_init_refuses_a_cloud_without_prices(service: Path) -> None:
    refused = codeops(service, "init", "--cloud", "awz")

    assert refused.returncode == 2
    assert "error[unknown-name]" in refused.stderr
    assert not (service / "codeops.toml").exists()

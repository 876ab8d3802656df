"""The example service end to end, as its team would use CodeOps: through the public command, on a copy."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
EXAMPLE = CHECKOUT / "examples" / "reports"
PATCH = EXAMPLE / "refactor.patch"
DEMO = CHECKOUT / "tools" / "demo.py"

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Run:
    """A gate that ran on a service: exit code, terminal output, and the report as JSON and Markdown."""

    service: Path
    code: int
    output: str
    report: dict[str, Any]
    markdown: str

    def route(self, name: str) -> dict[str, Any]:
        return next(route for route in self.report["routes"] if route["name"] == name)

    def meter(self, route: str, name: str) -> tuple[Decimal, Decimal]:
        change = next(change for change in self.route(route)["meters"] if change["meter"] == name)
        return Decimal(str(change["base"])), Decimal(str(change["head"]))


def start(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", *command], cwd=folder, capture_output=True, text=True, check=False, timeout=300)


def service_in(folder: Path) -> Path:
    copied = folder / "reports"
    shutil.copytree(EXAMPLE, copied, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    return copied


def demo(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(DEMO), *options], capture_output=True, text=True, check=False, timeout=300)


def finished(service: Path, folder: Path, done: subprocess.CompletedProcess[str]) -> Run:
    assert (folder / "report.json").is_file(), done.stdout + done.stderr
    report = json.loads((folder / "report.json").read_text())
    return Run(service, done.returncode, done.stdout, report, (folder / "report.md").read_text())


@pytest.fixture(scope="module")
def as_it_is(tmp_path_factory: pytest.TempPathFactory) -> Run:
    service = service_in(tmp_path_factory.mktemp("as_it_is"))
    return finished(service, service, start(service, "codeops", "gate", "--output", "report.json", "--output", "report.md"))


@pytest.fixture(scope="module")
def pull_request(tmp_path_factory: pytest.TempPathFactory) -> Run:
    work = tmp_path_factory.mktemp("pull_request") / "demo"
    return finished(work / "reports", work, demo("--work", str(work)))


def test_the_example_passes_against_its_committed_baseline(as_it_is: Run) -> None:
    assert (as_it_is.code, as_it_is.report["verdict"]) == (0, "pass"), as_it_is.output
    assert {route["name"] for route in as_it_is.report["routes"]} == {"/v1/report", "/v1/ingest", "nightly-rollup"}


def test_every_count_of_the_example_is_that_of_the_committed_baseline(as_it_is: Run) -> None:
    exact = [change for route in as_it_is.report["routes"] for change in route["meters"] if change["exact"]]

    assert {change["meter"] for change in exact} >= {"aws.s3.get", "aws.s3.put", "db.query", "network.egress"}
    for change in exact:
        assert change["base"] == change["head"], change


def test_every_meter_of_the_example_that_costs_by_count_is_priced(as_it_is: Run) -> None:
    for route in as_it_is.report["routes"]:
        for change in route["meters"]:
            assert change["head_cost"] is not None, (route["name"], change["meter"])


def test_the_pull_request_fails_and_says_what_it_costs_a_month(pull_request: Run) -> None:
    report = pull_request.route("/v1/report")

    assert (pull_request.report["verdict"], report["verdict"]) == ("fail", "fail")
    assert pull_request.meter("/v1/report", "aws.s3.get") == (2, 15)
    assert pull_request.meter("/v1/report", "db.query") == (1, 1)
    before, after = pull_request.meter("/v1/report", "network.egress")
    assert after > 5 * before
    assert Decimal(str(report["delta"])) * report["requests_per_month"] > 200
    assert {budget["kind"] for budget in pull_request.report["budgets"] if budget["verdict"] == "fail"} == {
        "regression",
        "monthly_increase",
    }


def test_the_pull_request_leaves_the_other_routes_as_they_were(pull_request: Run) -> None:
    for name in ("/v1/ingest", "nightly-rollup"):
        assert pull_request.route(name)["verdict"] == "pass"


def test_the_added_reads_are_found_at_the_line_in_the_loop(pull_request: Run) -> None:
    lines = (pull_request.service / "reports" / "storage.py").read_text().splitlines()
    looped = next(number for number, line in enumerate(lines, 1) if line.startswith("        found = client().get_object("))
    causes = [cause for cause in pull_request.route("/v1/report")["causes"] if cause["meter"] == "aws.s3.get"]

    assert [(cause["location"]["path"], cause["location"]["line"], cause["amount"]) for cause in causes] == [
        ("reports/storage.py", looped, 13)
    ]
    assert Decimal(str(causes[0]["monthly"])) == 208
    assert "days/{account}" in causes[0]["code"]
    assert f"reports/storage.py:{looped}" in pull_request.output
    assert f"reports/storage.py:{looped}" in pull_request.markdown


def test_the_added_bytes_are_found_and_priced(pull_request: Run) -> None:
    causes = [cause for cause in pull_request.route("/v1/report")["causes"] if cause["meter"] == "network.egress"]

    assert [Decimal(str(cause["monthly"])) > 30 for cause in causes] == [True]
    assert Decimal(str(causes[0]["amount"])) > 9000


def test_the_causes_that_are_counted_add_up_to_the_difference(pull_request: Run) -> None:
    report = pull_request.route("/v1/report")
    counted = {change["meter"] for change in report["meters"] if change["exact"]}

    explained = sum(Decimal(str(cause["monthly"])) for cause in report["causes"] if cause["meter"] in counted)

    assert abs(explained - Decimal(str(report["delta"])) * report["requests_per_month"]) < Decimal("0.01")


@pytest.mark.parametrize("is_patched", [False, True])
def test_the_services_own_tests_pass_before_and_after_the_patch(tmp_path: Path, is_patched: bool) -> None:
    service = service_in(tmp_path)
    if is_patched:
        environment = {**os.environ, "GIT_CEILING_DIRECTORIES": str(tmp_path)}
        subprocess.run(["git", "apply", str(PATCH)], cwd=service, env=environment, check=True)

    done = start(service, "pytest", "-q", "-p", "no:cacheprovider")

    assert done.returncode == 0, done.stdout


def test_the_patch_applies_to_the_example_in_its_repository() -> None:
    command = ["git", "apply", "--check", "--directory=examples/reports", str(PATCH)]

    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


def test_the_demo_ends_well_and_prints_where_the_reports_are(pull_request: Run) -> None:
    assert pull_request.code == 0, pull_request.output
    for suffix in ("html", "md", "json"):
        assert f"demo/report.{suffix}" in pull_request.output
        assert (pull_request.service.parent / f"report.{suffix}").is_file()


HARMLESS = """\
--- a/reports/rollup.py
+++ b/reports/rollup.py
@@ -1,3 +1,3 @@
-\"\"\"The nightly job: a day's events become totals, and fourteen days of totals a summary.\"\"\"
+\"\"\"The nightly job: a day's events become totals, fourteen days of totals a summary.\"\"\"

 from collections import Counter
"""


def test_a_demo_whose_pull_request_costs_nothing_ends_with_2(tmp_path: Path) -> None:
    example = service_in(tmp_path / "example")
    (example / "refactor.patch").write_text(HARMLESS)

    done = demo("--example", str(example), "--work", str(tmp_path / "demo"))

    assert done.returncode == 2
    assert "the patched service was to fail (exit code 1), but the exit code was 0" in done.stderr


def test_the_demo_does_not_remove_a_folder_that_is_not_its_own(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("kept")

    done = demo("--work", str(tmp_path))

    assert done.returncode == 2
    assert (tmp_path / "mine.txt").read_text() == "kept"

"""A part of a suite: what is measured, what is judged, and what is said about the rest."""

from pathlib import Path

import pytest

from cli.cli_project import CONFIG, change, codeops, make, report

COST_TESTS = """
import pytest
import codeops

@pytest.mark.cost(route="/v1/tested")
def test_one(cost):
    cost(lambda: codeops.record("stripe.charge", 1))

@pytest.mark.cost(job="tested-job")
def test_two(cost):
    cost(lambda: codeops.record("stripe.charge", 1))

def test_plain():
    open("plain", "w").close()
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = make(tmp_path / "project")
    assert codeops(folder, "bench", "--update-baseline") == 0
    return folder


@pytest.fixture
def tested(tmp_path: Path) -> Path:
    """A project that has benchmarks in pytest as well."""
    folder = make(tmp_path / "tested", CONFIG.replace("warmup", 'pytest = ["test_cost.py", "-q"]\nwarmup'))
    (folder / "test_cost.py").write_text(COST_TESTS, encoding="utf-8")
    return folder


def names(found: dict) -> set[str]:
    return {route["name"] for route in found["routes"]}


@pytest.mark.parametrize(
    ("patterns", "measured"),
    [
        (["/v1/*"], {"/v1/pay", "/v1/refund"}),
        (["nightly"], {"nightly"}),
        (["/v1/pay", "night*"], {"/v1/pay", "nightly"}),
        (["!nightly"], {"/v1/pay", "/v1/refund"}),
        (["!/v1/refund", "/v1/*"], {"/v1/pay"}),
    ],
)
def test_only_what_is_selected_is_measured(project: Path, patterns: list[str], measured: set[str]) -> None:
    code, found = report(project, "bench", *(argument for pattern in patterns for argument in ("--select", pattern)))

    assert code == 0
    assert names(found) == measured
    assert "selected" in {caveat["kind"] for caveat in found["caveats"]}


def test_what_is_not_selected_is_not_gone(project: Path) -> None:
    code, found = report(project, "gate", "--select", "/v1/*")

    assert code == 0
    assert names(found) == {"/v1/pay", "/v1/refund"}
    assert not [finding for finding in found["findings"] if finding["rule"] in {"gone-route", "unknown-route"}]


def test_without_a_selection_a_route_that_is_no_longer_measured_is_gone(project: Path) -> None:
    change(project, '[[bench.function]]\njob = "nightly"\ncall = "work:nightly"\n', "", "codeops.toml")

    assert "gone-route" in {finding["rule"] for finding in report(project, "gate")[1]["findings"]}


def test_a_growth_that_is_selected_fails_and_another_is_not_seen(project: Path) -> None:
    change(project, '"stripe.charge", 2', '"stripe.charge", 3')

    assert codeops(project, "gate", "--select", "/v1/*") == 1
    assert codeops(project, "gate", "--select", "nightly") == 0


def test_both_folders_are_cut_alike(project: Path, tmp_path: Path) -> None:
    base = make(tmp_path / "base")

    code, found = report(project, "gate", "--base-dir", str(base), "--select", "/v1/pay")

    assert code == 0
    assert names(found) == {"/v1/pay"}


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("/v1/pya", "write '/v1/pay'"),
        ("!nightyl", "write 'nightly'"),
        ("/v2/*", "no route or job matches '/v2/*'"),
    ],
)
def test_a_pattern_that_matches_nothing_is_an_error_with_the_nearest_name(
    project: Path, capsys: pytest.CaptureFixture[str], pattern: str, message: str
) -> None:
    code = codeops(project, "gate", "--select", pattern)

    told = capsys.readouterr().err
    assert code == 2
    assert "error[unknown-name]" in told
    assert message in told


def test_patterns_that_leave_nothing_are_an_error(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert codeops(project, "gate", "--select", "/v1/pay", "--select", "!/v1/*") == 2
    assert "error[empty-suite]: the selection leaves nothing to measure" in capsys.readouterr().err


def test_a_budget_for_the_month_stays_as_long_as_traffic_is_selected(project: Path) -> None:
    change(project, "[traffic]", '[budget]\nmonthly_increase = "1 USD"\n\n[traffic]', "codeops.toml")

    kinds = [{budget["kind"] for budget in report(project, "gate", "--select", name)[1]["budgets"]} for name in ("nightly", "/v1/refund")]

    assert ["monthly_increase" in found for found in kinds] == [True, False]


def test_a_part_does_not_become_the_baseline_of_the_whole(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (project / "cost" / "baseline.json").read_bytes()

    assert codeops(project, "bench", "--update-baseline", "--select", "nightly") == 2
    assert "would lose every other route" in capsys.readouterr().err
    assert (project / "cost" / "baseline.json").read_bytes() == before


def test_benchmarks_of_pytest_are_selected_by_their_routes(tested: Path) -> None:
    code, found = report(tested, "bench", "--select", "/v1/*")

    assert code == 0
    assert names(found) == {"/v1/pay", "/v1/refund", "/v1/tested"}


def test_where_no_benchmark_of_pytest_is_selected_the_others_are_measured(tested: Path) -> None:
    (tested / "test_cost.py").write_text(COST_TESTS.partition("def test_plain")[0], encoding="utf-8")

    code, found = report(tested, "bench", "--select", "nightly")

    assert code == 0
    assert names(found) == {"nightly"}


def test_with_pytest_too_a_pattern_that_matches_nothing_is_an_error(tested: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert codeops(tested, "bench", "--select", "/v1/*", "--select", "/v1/tsted") == 2
    assert "write '/v1/tested'" in capsys.readouterr().err

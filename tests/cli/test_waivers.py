"""Waivers of a project, from the file to the exit code."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli.cli_project import change, codeops, make, report

TODAY = datetime.now(UTC).date()
LATER, EARLIER = TODAY + timedelta(30), TODAY - timedelta(2)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a baseline, of which /v1/pay charges three times by now instead of twice."""
    folder = make(tmp_path / "project")
    assert codeops(folder, "bench", "--update-baseline") == 0
    change(folder, '"stripe.charge", 2', '"stripe.charge", 3')
    return folder


def waive(folder: Path, *tables: str) -> None:
    text = "".join(f"[[waiver]]\n{table}\n" for table in tables)
    (folder / "cost").mkdir(exist_ok=True)
    (folder / "cost" / "waivers.toml").write_text(text, encoding="utf-8")


def table(until: object = LATER, route: str = "/v1/pay", more: str = "") -> str:
    return f'route = "{route}"\nreason = "the bank wants it"\nowner = "payments"\nuntil = {until}\n{more}'


def test_without_a_file_the_gate_fails_as_ever(project: Path) -> None:
    code, found = report(project, "gate")

    assert (code, found["verdict"], found["waivers"]) == (1, "fail", [])


def test_a_waived_route_passes_and_says_that_it_was_waived(project: Path) -> None:
    waive(project, table())

    code, found = report(project, "gate")

    broken = next(budget for budget in found["budgets"] if budget["verdict"] == "fail")
    assert (code, found["verdict"]) == (0, "pass")
    assert (broken["waived"]["owner"], broken["waived"]["until"]) == ("payments", str(LATER))
    assert broken["waived"]["location"] == {"path": "cost/waivers.toml", "line": 1, "column": 1}


def test_the_file_may_stand_elsewhere(project: Path) -> None:
    waive(project, table())
    (project / "cost" / "waivers.toml").rename(project / "let-pass.toml")
    change(project, "pricebook =", 'waivers = "let-pass.toml"\npricebook =', "codeops.toml")

    assert codeops(project, "gate") == 0


def test_an_expired_waiver_fails_even_where_nothing_else_is_broken(project: Path) -> None:
    waive(project, table(EARLIER))
    change(project, '"stripe.charge", 3', '"stripe.charge", 2')

    code, found = report(project, "gate")

    assert (code, found["verdict"]) == (1, "fail")
    assert found["findings"][0]["rule"] == "waiver-expired"
    assert found["findings"][0]["location"]["path"] == "cost/waivers.toml"


@pytest.mark.parametrize(("ceiling", "code"), [("50 %", 0), ("49 %", 1), ("30 USD per 1k", 0), ("29 USD per 1k", 1), ("10 USD a month", 0)])
def test_above_its_ceiling_a_waiver_does_not_hold(project: Path, ceiling: str, code: int) -> None:
    waive(project, table(more=f'ceiling = "{ceiling}"\n'))

    assert codeops(project, "gate") == code


def test_a_waiver_holds_too_where_base_and_head_are_measured_in_one_job(project: Path, tmp_path: Path) -> None:
    base = make(tmp_path / "base")
    arguments = ("--base-dir", str(base), "--select", "/v1/*")
    (project / "cost" / "waivers.toml").unlink(missing_ok=True)

    assert codeops(project, "gate", *arguments) == 1
    waive(project, table())
    assert codeops(project, "gate", *arguments) == 0


def test_bench_shows_waivers_as_well(project: Path) -> None:
    waive(project, table())

    code, found = report(project, "bench")

    assert (code, found["waivers"][0]["state"]) == (0, "unused")
    assert not found["findings"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (table().replace("owner", "ownr"), "4:1: waiver[0].ownr is not a key that CodeOps knows"),
        (table().replace('reason = "the bank wants it"\n', ""), "waiver[0] has no reason"),
        (table().replace('owner = "payments"\n', ""), "waiver[0] has no owner"),
        (table().replace(f"until = {LATER}\n", ""), "waiver[0] has no until"),
        (table('"soon"'), "5:1: waiver[0].until cannot be used"),
        (table(f"{LATER}T10:00:00"), "5:1: waiver[0].until cannot be used"),
        (table().replace("the bank wants it", "  "), "3:1: waiver[0].reason is empty"),
        (table(route=""), "1:1: waiver[0] names neither route nor rule"),
        (table(more='ceiling = "0.50 USD"\n'), "6:1: waiver[0].ceiling is '0.50 USD'"),
        (table(more='ceiling = "0,x USD a month"\n'), "6:1: waiver[0].ceiling is '0,x USD a month'"),
        (table(more="ceiling = 12\n"), "6:1: waiver[0].ceiling cannot be used"),
        (table(more='ceiling = "1 EUR per 1k"\n'), "1:1: the ceiling of the waiver for /v1/pay is in EUR"),
        (f"{table()}[[waiver]]\n{table()}", "6:1: /v1/pay is waived twice"),
        ("route = \n", "error[malformed-file]"),
    ],
    ids=lambda value: value if value.startswith(("waiver", "error")) or ":1: " in value else "",
)
def test_a_malformed_waiver_ends_with_2_and_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, message: str) -> None:
    folder = make(tmp_path)
    waive(folder, text)

    code = codeops(folder, "bench")

    told = capsys.readouterr().err
    assert code == 2
    assert message in told
    assert "waivers.toml" in told


def test_a_slip_in_a_waiver_costs_no_measurement(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = make(tmp_path)
    waive(folder, "unknown = 1")
    change(folder, "import codeops", "raise RuntimeError('measured')")

    assert codeops(folder, "bench") == 2
    assert "unknown-key" in capsys.readouterr().err


def test_a_waiver_of_a_route_that_nobody_measures_is_told_with_the_nearest(project: Path) -> None:
    waive(project, table(route="/v1/pya"))

    code, found = report(project, "gate")

    one = next(finding for finding in found["findings"] if finding["rule"] == "unknown-route")
    assert code == 1
    assert one["fix"] == "write '/v1/pay'"

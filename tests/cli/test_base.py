"""`gate --base` and `bench --base`: the commit in which the branch left, measured beside the tree as it stands."""

import json
import subprocess
import sys
import zipfile

import pytest

from cli.cli_project import change, codeops, make, report
from cli.cli_repository import commit, git, track


@pytest.fixture
def project(tmp_path, monkeypatch):
    return track(make(tmp_path / "project"), monkeypatch)


def caveats(found: dict) -> dict[str, str]:
    return {one["kind"]: one["text"] for one in found["caveats"]}


def test_a_change_that_costs_more_fails_before_it_is_committed(project):
    change(project, 'record("stripe.charge", 2)', 'record("stripe.charge", 3)')

    code, found = report(project, "gate", "--base")

    assert code == 1
    (broken,) = [one for one in found["budgets"] if one["verdict"] == "fail"]
    assert (broken["route"], broken["kind"]) == ("/v1/pay", "regression")
    assert found["base"]["git_sha"] == git(project, "rev-parse", "main")
    assert found["head"]["dirty"] is True
    assert found["base"]["label"] == "HEAD, without the changes in the working tree"
    assert git(project, "worktree", "list").count("\n") == 0


def test_what_others_merged_meanwhile_is_not_part_of_the_change(project):
    git(project, "switch", "-q", "main")
    change(project, 'record("stripe.charge", 2)', 'record("stripe.charge", 9)')
    commit(project)
    git(project, "switch", "-q", "work")
    change(project, "import codeops", "import codeops  # a comment")
    commit(project)

    code, found = report(project, "gate", "--base")

    assert code == 0
    assert found["base"]["git_sha"] == git(project, "merge-base", "HEAD", "main")
    assert found["base"]["label"] == "where HEAD left main"


def test_a_base_that_does_not_know_codeops_is_asked_what_the_head_asks(project):
    git(project, "rm", "-q", "--cached", "codeops.toml", "prices.toml")
    git(project, "commit", "-q", "-m", "without")
    sha = git(project, "rev-parse", "HEAD")
    commit(project)
    change(project, 'record("stripe.charge", 2)', 'record("stripe.charge", 3)')

    code, found = report(project, "gate", "--base", sha)

    assert code == 1
    assert found["base"]["git_sha"] == sha


def test_without_history_the_baseline_stands_in_and_the_report_says_so(project):
    assert codeops(project, "bench", "--update-baseline") == 0
    change(project, 'record("stripe.charge", 2)', 'record("stripe.charge", 3)')

    code, found = report(project, "gate", "--base", "nosuch")

    assert code == 1
    assert caveats(found)["missing-base"].startswith("compared with the stored baseline, because git knows no commit nosuch")


def test_without_history_and_baseline_there_is_one_clear_error(project, capsys):
    assert codeops(project, "gate", "--base", "nosuch") == 2

    words = capsys.readouterr().err
    assert "error[missing-base]: git knows no commit nosuch" in words
    assert "--base-dir DIR" in words


def test_a_folder_that_is_not_there_is_an_error_whatever_baseline_there_is(project, capsys):
    assert codeops(project, "bench", "--update-baseline") == 0

    assert codeops(project, "gate", "--base-dir", "nosuch") == 2
    assert "--base-dir names nosuch" in capsys.readouterr().err


def test_bench_with_a_base_writes_the_head_s_snapshot(project):
    out = project / "current.json"
    change(project, "import codeops", "import codeops  # a comment")

    assert codeops(project, "bench", "--base", "--out", str(out)) == 0
    assert set(json.loads(out.read_text())["routes"]) == {"/v1/pay", "/v1/refund", "nightly"}


GADGET = "def charges():\n    return {}\n"


@pytest.fixture
def gadget(project, tmp_path, monkeypatch):
    """A dependency in two versions, which pip finds in a folder; version 2 charges twice as often."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    for version in ("1.0", "2.0"):
        about = f"codeops_gadget-{version}.dist-info"
        with zipfile.ZipFile(folder / f"codeops_gadget-{version}-py3-none-any.whl", "w") as wheel:
            wheel.writestr("codeops_gadget.py", GADGET.format(int(float(version))))
            wheel.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: codeops-gadget\nVersion: {version}\n")
            wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{about}/RECORD", "")
    here = tmp_path / "site"
    subprocess.run(
        [sys.executable, "-m", "zipfile", "-e", str(folder / "codeops_gadget-2.0-py3-none-any.whl"), str(here)],
        check=True,
        capture_output=True,
    )
    for name, value in (("NO_INDEX", "1"), ("FIND_LINKS", str(folder))):
        monkeypatch.setenv(f"PIP_{name}", value)
        monkeypatch.setenv(f"UV_{name}", value)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PYTHONPATH", str(here))
    monkeypatch.syspath_prepend(str(here))
    return folder


def test_a_dependency_that_got_dearer_is_found_by_its_lock_file(project, gadget):
    git(project, "switch", "-q", "main")
    change(project, "import codeops\n", "import codeops\nimport codeops_gadget\n")
    change(project, 'record("stripe.charge", 2)', 'record("stripe.charge", codeops_gadget.charges())')
    (project / "requirements.txt").write_text("codeops-gadget==1.0\n")
    commit(project)
    git(project, "switch", "-q", "-C", "work")
    (project / "requirements.txt").write_text("codeops-gadget==2.0\n")

    code, found = report(project, "gate", "--base")

    assert code == 1
    assert caveats(found)["dependencies-differ"].endswith("codeops-gadget 1.0 in the base, 2.0 in the head")


def test_dependencies_that_cannot_be_had_leave_the_run_open(project, gadget):
    (project / "requirements.txt").write_text("codeops-gadget==0.5\n")
    commit(project)
    (project / "requirements.txt").write_text("codeops-gadget==2.0\n")

    code, found = report(project, "gate", "--base", "HEAD")

    assert code == 3
    assert "they cannot be installed" in json.dumps(found)

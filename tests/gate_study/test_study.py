"""The studies of the gate: projects that differ by what they say, runs that are not run twice, intervals and tables that hold."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from random import Random
from types import ModuleType

import pytest

STUDY = Path(__file__).parents[2] / "benchmarks" / "gate" / "study.py"


def loaded(root: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The routes of a project, with its own knobs."""
    monkeypatch.syspath_prepend(root)
    for name in ("knobs", "routes"):
        sys.modules.pop(name, None)
    spec = importlib.util.spec_from_file_location("routes", root / "routes.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules.pop("knobs", None)
    return module


@pytest.mark.parametrize(
    ("hits", "runs", "low", "high"),
    [(0, 10, 0.0, 0.3085), (5, 10, 0.1871, 0.8129), (10, 10, 0.6915, 1.0), (0, 300, 0.0, 0.0122), (1, 1, 0.025, 1.0)],
)
def test_the_interval_is_that_of_clopper_and_pearson(script, hits, runs, low, high):
    """At the ends it is 1 - 0.025^(1/n); in the middle the quantile of a beta distribution, 0.1871 for 5 of 10."""
    assert script("intervals").clopper_pearson(hits, runs) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


@pytest.mark.parametrize("seed", range(8))
def test_edits_that_do_not_matter_change_the_text_and_nothing_that_a_route_returns(script, tmp_path, monkeypatch, seed):
    projects = script("projects")
    base, head = projects.write(projects.Scenario(kind="irrelevant", edits=15), tmp_path, Random(seed))

    before, after = loaded(base, monkeypatch), loaded(head, monkeypatch)

    assert (base / "routes.py").read_text() != (head / "routes.py").read_text()
    for route in projects.ROUTES:
        for number in (0, 7, 10):
            assert getattr(before, f"{route}_route")(number) == getattr(after, f"{route}_route")(number)


def test_more_work_is_more_units_of_the_routes_that_are_named(script, tmp_path, monkeypatch):
    projects = script("projects")
    base, head = projects.write(projects.Scenario(kind="slow", more={"json": 11}, tail={"orm": 2.5}), tmp_path, Random(1))

    monkeypatch.syspath_prepend(head)
    before, after = loaded(base, monkeypatch), loaded(head, monkeypatch)

    assert [module.units("json", 3) for module in (before, after)] == [100, 111]
    assert [after.units("orm", number) for number in (9, 10)] == [300, 750]
    assert before.units("mixed", 0) == after.units("mixed", 0)


def test_only_what_is_missing_is_run(script):
    plan, endtoend, projects = script("plan"), script("endtoend"), script("projects")
    part = plan.Part(
        name="x",
        words="",
        scenarios=((projects.Scenario(kind="same"), 2), (projects.Scenario(kind="slow", more={"json": 3}), 1)),
        minutes=1,
    )
    done = endtoend.Run(
        kind="slow", tolerance=8, counter="cpu", more={"json": 3.0}, edits=0, copies=1, verdict="pass", failed=[], seconds=9.0, seed=1
    )

    assert [scenario.kind for scenario in plan.missing(part, [])] == ["same", "slow", "same"]
    assert [scenario.kind for scenario in plan.missing(part, [done])] == ["same", "same"]
    assert len(plan.missing_peers([], still=2)) == 3 * (2 + len(plan.SLOWDOWNS))


def test_a_claim_that_runs_refute_is_missed(script):
    page, endtoend = script("page"), script("endtoend")
    run = {"kind": "same", "tolerance": 8, "counter": "cpu", "more": {}, "edits": 0, "copies": 1, "seconds": 9.0, "seed": 1}
    quiet = [endtoend.Run(**run, verdict="pass", failed=[]) for _ in range(100)]
    loud = [endtoend.Run(**run, verdict="fail", failed=["/json"]) for _ in range(2)]

    assert [claim.is_met for claim in page.claims(quiet, [])] == [True]
    assert [claim.is_met for claim in page.claims(quiet + loud, [])] == [False]
    assert "| 0 of 100 (0.0% to 3.6%) |" in page.tables(quiet, [], [])
    assert "| same code | 8 % | cpu | 102 | 100 | 2 | 0 |" in page.tables(quiet + loud, [], [])


def test_drawn_runs_pass_without_a_change_and_fail_with_a_large_one(script):
    resampling = script("resampling")
    from codeops.bench.noise import Noise

    random = Random(3)
    changes = {f"/{route}": [random.gauss(0, 0.01) for _ in range(40)] for route in "abcdef"}
    noise = Noise(changes=changes, levels={}, seconds=3.0)

    still, seen = (resampling.resample(noise, 0.08, case, 50) for case in ("none", "one +8"))

    assert (still.failed, still.open) == (0.0, 0.0)
    assert seen.failed == pytest.approx(1.0)
    assert still.seconds == pytest.approx(still.pairs * 3.0)
    assert resampling.grown(noise, 8).pairs == 40
    assert len(resampling.grown(noise, 8).changes) == 48


@pytest.mark.slow
def test_a_run_of_the_gate_is_kept_with_its_verdict(script, tmp_path):
    endtoend, projects = script("endtoend"), script("projects")
    file = tmp_path / "runs.jsonl"

    endtoend.run_all([projects.Scenario(kind="slow", more={"json": 60})], file)

    (run,) = endtoend.load([file])
    assert (run.kind, run.more, run.verdict, run.failed) == ("slow", {"json": 60.0}, "fail", ["/json"])


def test_the_tables_are_made_of_what_is_kept(tmp_path):
    ended = subprocess.run(
        [sys.executable, str(STUDY), "--part", "none", "--results", str(tmp_path)], capture_output=True, text=True, check=False
    )

    assert ended.returncode == 0, ended.stderr
    assert "| **codeops gate --base** | not run |" in ended.stdout

"""Other tools on the same routes: each measures the base, then the head, and says by its own rule which routes got slower.

- pytest-benchmark: `--benchmark-save` on the base, `--benchmark-compare --benchmark-compare-fail=mean:8%` on the head.
- asv: `asv run` on both commits in this environment, `asv compare --factor 1.1` with its statistics, as `asv continuous` decides.
- Welch: half a second of requests on each side, one after the other; slower when the median is more than 8 % above and Welch's
  t over means of ten requests has p < 0.05.

Every route of the head is slowed by the same amount, and each route counts: these rules look at one route at a time.
They run in an environment of their own, with the packages of `requirements/gate-study.txt`.
"""

import json
import re
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import SystemRandom
from shutil import copytree
from statistics import fmean, median, variance
from tempfile import TemporaryDirectory

from projects import ROUTES, Scenario, write

from codeops.gate.student import survival

__all__ = ["PEERS", "PeerRun", "run_peer"]

_SECONDS = 0.5
_TESTS = """
import pytest
import routes
from itertools import count

@pytest.mark.parametrize("name", {names!r})
def test_route(benchmark, name):
    function, numbers = getattr(routes, name + "_route"), count()
    benchmark(lambda: function(next(numbers)))
"""
_ASV = """
import sys
sys.path.insert(0, {root!r})
import routes

class Suite:
    repeat = (1, 10, {seconds})
    rounds = 1

    def setup(self):
        self.number_of_request = 0

{methods}
"""
_SAMPLES = """
import json, sys, time
sys.path.insert(0, sys.argv[1])
import routes
found = {{}}
for name in {names!r}:
    function, times, number, end = getattr(routes, name + "_route"), [], 0, time.perf_counter() + {seconds}
    while time.perf_counter() < end:
        begin = time.perf_counter()
        function(number)
        times.append(time.perf_counter() - begin)
        number += 1
    found[name] = times
print(json.dumps(found))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerRun:
    """One run of a tool. Units: `more` percent more work in every route; `failed` are the routes called slower; `seconds` on the wall."""

    tool: str
    more: float
    failed: list[str]
    seconds: float


def run_peer(tool: str, more: float, python: str) -> PeerRun:
    """One run of `tool` by the interpreter `python`, with every route of the head slowed by `more` percent.

    Raises: CalledProcessError, RuntimeError when the tool could not do its job.
    """
    scenario = Scenario(kind="peer", more=dict.fromkeys(ROUTES, more))
    with TemporaryDirectory(prefix="gate-study-") as folder:
        base, head = write(scenario, Path(folder), SystemRandom())
        begin_s = time.monotonic()
        failed = PEERS[tool](base, head, python)
        return PeerRun(tool=tool, more=more, failed=sorted(failed), seconds=round(time.monotonic() - begin_s, 2))


def _pytest_benchmark(base: Path, head: Path, python: str) -> set[str]:
    storage = f"--benchmark-storage=file://{base.parent / 'storage'}"
    common = [python, "-m", "pytest", "-q", "test_routes.py", storage, f"--benchmark-max-time={_SECONDS}"]
    for root in (base, head):
        (root / "test_routes.py").write_text(_TESTS.format(names=ROUTES), encoding="utf-8")
    subprocess.run([*common, "--benchmark-save=base"], cwd=base, capture_output=True, check=True)
    compared = ["--benchmark-compare=0001", "--benchmark-compare-fail=mean:8%"]
    ended = subprocess.run([*common, *compared], cwd=head, capture_output=True, text=True, check=False)
    failed = set(re.findall(r"test_route\[(\w+)\].* has failed", ended.stdout + ended.stderr))
    if bool(ended.returncode) != bool(failed):
        message = f"pytest-benchmark ended with {ended.returncode}: {ended.stdout[-2000:]}{ended.stderr[-2000:]}"
        raise RuntimeError(message)
    return failed


def _asv(base: Path, head: Path, python: str) -> set[str]:
    repository = base.parent / "repository"
    methods = "".join(
        f"    def time_{name}(self):\n        self.number_of_request += 1\n        routes.{name}_route(self.number_of_request)\n"
        for name in ROUTES
    )
    (repository / "benchmarks").mkdir(parents=True)
    text = _ASV.format(root=str(repository), seconds=_SECONDS, methods=methods)
    (repository / "benchmarks" / "__init__.py").write_text("", encoding="utf-8")
    (repository / "benchmarks" / "suite.py").write_text(text, encoding="utf-8")
    config = {"version": 1, "project": "study", "repo": ".", "branches": ["HEAD"], "environment_type": "existing"}
    (repository / "asv.conf.json").write_text(json.dumps(config), encoding="utf-8")
    _call(repository, "git", "init", "-q")
    _call(repository, python, "-m", "asv", "machine", "--yes")
    commits = []
    for root in (base, head):
        copytree(root, repository, dirs_exist_ok=True)
        _call(repository, "git", "add", "-A")
        _call(repository, "git", "-c", "user.name=study", "-c", "user.email=study@example.org", "commit", "-q", "-m", "a side")
        commits.append(_call(repository, "git", "rev-parse", "HEAD").strip())
        _call(repository, python, "-m", "asv", "run", "-E", f"existing:{python}", "--set-commit-hash", commits[-1])
    said = _call(repository, python, "-m", "asv", "compare", "--factor", "1.1", "--split", *commits)
    worse = said.partition("Benchmarks that have got worse")[2].partition("Benchmarks that")[0]
    if "time_json" not in said:
        message = f"asv compared nothing: {said[-2000:]}"
        raise RuntimeError(message)
    return set(re.findall(r"time_(\w+)", worse))


def _call(folder: Path, *command: str) -> str:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


def _welch(base: Path, head: Path, python: str) -> set[str]:
    script = _SAMPLES.format(names=ROUTES, seconds=_SECONDS)
    before, after = (json.loads(_call(root, python, "-c", script, str(root))) for root in (base, head))
    return {name for name in ROUTES if _is_slower(before[name], after[name])}


def _is_slower(before: list[float], after: list[float]) -> bool:
    if median(after) <= 1.08 * median(before):
        return False
    groups = [[fmean(times[start : start + 10]) for start in range(0, len(times) - 9, 10)] for times in (before, after)]
    (mean, spread, count), (mean_after, spread_after, count_after) = ((fmean(group), variance(group), len(group)) for group in groups)
    parts = spread / count, spread_after / count_after
    df = sum(parts) ** 2 / (parts[0] ** 2 / (count - 1) + parts[1] ** 2 / (count_after - 1))
    return survival((mean_after - mean) / sum(parts) ** 0.5, df) < 0.025


PEERS: Mapping[str, Callable[[Path, Path, str], set[str]]] = {"pytest-benchmark": _pytest_benchmark, "asv": _asv, "welch": _welch}
"""Each tool by its name."""

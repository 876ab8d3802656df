"""The gate as users run it: on fresh projects with a known difference, its exit codes counted.

Every run is a line of JSON in a file, so that a campaign can be interrupted, continued and added up.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random, SystemRandom
from tempfile import TemporaryDirectory

from projects import Scenario, write

__all__ = ["Run", "load", "run_all"]

VERDICTS = {0: "pass", 1: "fail", 3: "inconclusive"}
OURS = (sys.executable, "-m", "codeops", "gate", "--base-dir", "{base}", "--output", "report.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of a `Scenario`: its verdict, and the routes that broke their budget. Units: `seconds` on the wall, all of the command."""

    kind: str
    tolerance: float
    counter: str
    more: dict[str, float]
    edits: int
    copies: int
    verdict: str
    failed: list[str]
    seconds: float
    seed: int


def run_all(scenarios: Iterable[Scenario], file: Path, *, counter: str = "cpu", at_once: int = 1) -> None:
    """Runs each scenario once and adds what came of it to `file`.

    Raises: RuntimeError when the gate could not do its job, which is no verdict.
    """
    with ThreadPoolExecutor(at_once) as pool, file.open("a", encoding="utf-8") as lines:
        for found in pool.map(lambda scenario: _run(scenario, counter), scenarios):
            lines.write(json.dumps(asdict(found)) + "\n")
            lines.flush()


def _run(scenario: Scenario, counter: str) -> Run:
    seed = SystemRandom().randrange(2**32)
    with TemporaryDirectory(prefix="gate-study-") as folder:
        base, head = write(scenario, Path(folder), Random(seed))  # ruff: ignore[suspicious-non-cryptographic-random-usage] - edits, not secrets
        command = [part.format(base=base) for part in (*OURS, "--counter", counter)]
        begin_s = time.monotonic()
        ended = subprocess.run(command, cwd=head, capture_output=True, text=True, check=False)
        seconds = time.monotonic() - begin_s
        if ended.returncode not in VERDICTS:
            message = f"the gate ended with {ended.returncode}: {ended.stderr[-2000:]}"
            raise RuntimeError(message)
        report = json.loads((head / "report.json").read_text(encoding="utf-8"))
    failed = [budget["route"] for budget in report["budgets"] if budget["verdict"] == "fail"]
    return Run(
        kind=scenario.kind,
        tolerance=scenario.tolerance,
        counter=counter,
        more={route: float(percent) for route, percent in scenario.more.items()},
        edits=scenario.edits,
        copies=scenario.copies,
        verdict=VERDICTS[ended.returncode],
        failed=failed,
        seconds=round(seconds, 2),
        seed=seed,
    )


def load(files: Sequence[Path]) -> list[Run]:
    """All runs of these files."""
    return [Run(**json.loads(line)) for file in files if file.exists() for line in file.read_text(encoding="utf-8").splitlines()]

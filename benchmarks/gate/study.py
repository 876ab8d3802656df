"""The studies of the gate: how often it cries wolf, what it sees, how long it takes; beside other tools on the same routes.

    python benchmarks/gate/study.py [--part NAME ...] [--peers PYTHON] [--results FOLDER] [--write]

Every run is kept in a file of the results folder, and only what is missing there is run: a study may be stopped and continued.
With --write the tables of docs/gate-studies.md are made anew. Exit code 1 when a target is missed, 2 when something could not run.
"""

import argparse
import json
import platform
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import campaign
import endtoend
import page
from peers import PeerRun, run_peer
from plan import PARTS, missing, missing_peers
from resampling import CASES, Cell, grown, resample

from codeops.bench import environment

HERE = Path(__file__).parent
PAGE = HERE.parent.parent / "docs" / "gate-studies.md"
OTHERS = ("campaign", "resampling", "peers")
_CAMPAIGN_S = 180.0
_DRAWN, _DRAWN_OF_MANY = 2000, 300


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs what is missing of the parts, and prints or writes the tables."""
    asked = _parse(arguments)
    asked.results.mkdir(parents=True, exist_ok=True)
    try:
        _run(asked)
    except (RuntimeError, subprocess.CalledProcessError) as problem:
        print(f"error: {problem}\n{getattr(problem, 'stderr', '') or ''}", file=sys.stderr)
        return 2
    runs, peers, cells = _results(asked.results)
    text = page.tables(runs, peers, cells)
    if asked.write:
        _write(text)
    print(text)
    return 0 if all(claim.is_met for claim in page.claims(runs, cells)) else 1


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    names = [part.name for part in PARTS]
    listed = "\n".join(f"  {part.name:13} {part.words}, about {part.minutes} min" for part in PARTS)
    others = "  campaign      pairs of the same code, recorded, 3 min\n  resampling    runs drawn from them, 2 min\n"
    text = f"{__doc__}\nparts:\n{listed}\n{others}  peers         other tools, 10 min; needs --peers"
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", action="append", choices=[*names, *OTHERS, "none"], help="only this part; all when left out")
    parser.add_argument("--peers", metavar="PYTHON", help="an interpreter with the packages of requirements/gate-study.txt")
    parser.add_argument("--results", type=Path, default=HERE / "results", help="where results are kept")
    parser.add_argument("--write", action="store_true", help="write the tables into docs/gate-studies.md")
    return parser.parse_args(arguments)


def _run(asked: argparse.Namespace) -> None:
    wanted = asked.part or [*(part.name for part in PARTS), *OTHERS]
    for part in PARTS:
        if part.name in wanted:
            file = asked.results / "runs.jsonl"
            endtoend.run_all(missing(part, endtoend.load([file])), file, counter=part.counter, at_once=part.at_once)
    recorded = asked.results / "campaign.json"
    if "campaign" in wanted and not recorded.exists():
        campaign.record(_CAMPAIGN_S, recorded)
    if "resampling" in wanted:
        noise = campaign.load(recorded)
        cells = [resample(noise, tolerance, case, _DRAWN) for tolerance in (0.08, 0.03) for case in CASES]
        many = grown(noise, 8)
        cells += [resample(many, 0.08, case, _DRAWN_OF_MANY) for case in ("none", "one +3", "all at tolerance")]
        (asked.results / "resampled.json").write_text(json.dumps([asdict(cell) for cell in cells], indent=1) + "\n", encoding="utf-8")
    if "peers" in wanted and asked.peers:
        _run_peers(asked.peers, asked.results / "peers.jsonl")


def _run_peers(python: str, file: Path) -> None:
    for tool, more in missing_peers(_peers(file)):
        with file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(asdict(run_peer(tool, more, python))) + "\n")


def _results(folder: Path) -> tuple[list[endtoend.Run], list[PeerRun], list[Cell]]:
    drawn = folder / "resampled.json"
    cells = [Cell(**cell) for cell in json.loads(drawn.read_text(encoding="utf-8"))] if drawn.exists() else []
    return endtoend.load([folder / "runs.jsonl"]), _peers(folder / "peers.jsonl"), cells


def _peers(file: Path) -> list[PeerRun]:
    return [PeerRun(**json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def _write(text: str) -> None:
    here = environment.read()
    machine = f"{here.cpu_model}, {here.cpus} processors, Python {platform.python_version()}"
    stamp = f"Written by `python benchmarks/gate/study.py --write` on {datetime.now(UTC):%Y-%m-%d}: {machine}."
    old = PAGE.read_text(encoding="utf-8")
    new = re.sub(r"(<!-- results -->\n).*?(\n<!-- end -->)", lambda found: f"{found[1]}{stamp}\n\n{text}{found[2]}", old, flags=re.DOTALL)
    PAGE.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())

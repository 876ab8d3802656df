"""The demo: the gate passes on the example service, then fails on a pull request that looks harmless.

Ends with 0 when exactly that happened, and with 2 and a reason otherwise. It uses the public command only,
and works on a copy: neither the checkout nor its example is changed.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent
ROUTE = "/v1/report"
NEEDED = ("boto3", "fastapi", "moto", "sqlalchemy")


class UnexpectedError(Exception):
    """The demo did not show what it promises."""


def main(arguments: list[str] | None = None) -> int:
    """The whole demo; 0 when it showed what it promises, 2 otherwise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--example", type=Path, default=CHECKOUT / "examples" / "reports", help="the service, with its refactor.patch")
    parser.add_argument("--work", type=Path, default=CHECKOUT / ".demo", help="the folder to work in; removed and made anew")
    options = parser.parse_args(arguments)
    started = time.monotonic()
    try:
        show(options.example.resolve(), options.work.resolve())
    except UnexpectedError as problem:
        say(f"\nThe demo did not go as it should: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        say("\nStopped.", file=sys.stderr)
        return 2
    say(f"\nDone in {time.monotonic() - started:.0f} s, as it should go: the service passed, the pull request did not.")
    return 0


def show(example: Path, work: Path) -> None:
    """The four steps."""
    demand_libraries(example)
    service = copy(example, work)
    say(
        "This is CodeOps on a small real service: FastAPI, S3 (a moto server that the benchmark starts), a database.",
        f"It lives in {shown(example)}; the demo works on a copy, {shown(service)}.",
    )

    heading("1. The gate on the service as it is", "codeops gate")
    demand(gate(service), 0, "the service as it is was to pass")

    heading("2. A pull request arrives: a clean-up, fewer lines, its tests pass", "git apply refactor.patch")
    apply(service, example / "refactor.patch")

    heading("3. The gate on the pull request", "codeops gate --output report.html --output report.md --output report.json")
    reports = [work / f"report.{suffix}" for suffix in ("html", "md", "json")]
    demand(gate(service, *reports), 1, "the patched service was to fail")

    heading("4. What happened")
    explain(json.loads(reports[-1].read_text(encoding="utf-8")), reports, service)


def demand_libraries(example: Path) -> None:
    """Nothing, or what to install first."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        message = f"{', '.join(missing)} not installed; {sys.executable} -m pip install -r {shown(example / 'requirements.txt')}"
        raise UnexpectedError(message)


def copy(example: Path, work: Path) -> Path:
    """A fresh copy of the example in the work folder, which git does not see."""
    marker = work / ".gitignore"
    if work.exists() and not marker.exists():
        message = f"{work} is not a folder of the demo, so it is not removed; choose another with --work"
        raise UnexpectedError(message)
    shutil.rmtree(work, ignore_errors=True)
    service = work / example.name
    shutil.copytree(example, service, ignore=shutil.ignore_patterns("__pycache__", ".*", "*.patch"))
    marker.write_text("*\n", encoding="utf-8")
    return service


def gate(service: Path, *reports: Path) -> int:
    """`codeops gate` in the service's folder, its output shown as it comes; its exit code."""
    sys.stdout.flush()
    outputs = [part for report in reports for part in ("--output", str(report))]
    return subprocess.run([sys.executable, "-m", "codeops", "gate", *outputs], cwd=service, check=False).returncode


def apply(service: Path, patch: Path) -> None:
    """The patch on the service, as if there were no repository: inside one, git would pass over paths it does not know."""
    before = sources(service)
    environment = {**os.environ, "GIT_CEILING_DIRECTORIES": str(service.parent)}
    for options in (["--stat"], []):
        done = subprocess.run(["git", "apply", *options, str(patch)], cwd=service, env=environment, check=False)
        if done.returncode:
            message = f"{shown(patch)} does not apply"
            raise UnexpectedError(message)
    if sources(service) == before:
        message = f"{shown(patch)} changed nothing"
        raise UnexpectedError(message)


def sources(service: Path) -> dict[Path, str]:
    """The text of each Python file."""
    return {path: path.read_text(encoding="utf-8") for path in sorted(service.rglob("*.py"))}


def demand(code: int, wanted: int, claim: str) -> None:
    """Nothing, or why the exit code is not the one wanted."""
    if code != wanted:
        message = f"{claim} (exit code {wanted}), but the exit code was {code}"
        raise UnexpectedError(message)


def explain(report: dict[str, Any], reports: list[Path], service: Path) -> None:
    """The finding in words, from the report itself, and what to do next."""
    route = next((route for route in report["routes"] if route["name"] == ROUTE), None)
    if report["verdict"] != "fail" or route is None or route["verdict"] != "fail":
        message = f"the JSON report does not say that {ROUTE} failed"
        raise UnexpectedError(message)
    counted = {meter["meter"] for meter in route["meters"] if meter["exact"]}
    causes = [cause for cause in route["causes"] if cause["meter"] in counted]
    if not any(is_located(cause, service) for cause in causes if cause["meter"] == "aws.s3.get"):
        message = "the JSON report names no line and no money for the added S3 reads"
        raise UnexpectedError(message)
    more = float(route["delta"]) * route["requests_per_month"]
    say(
        "Fewer lines, the same figures in the answer, all tests pass: a reviewer would wave it through.",
        f"But {ROUTE} would cost ${more:,.0f} a month more, at {route['requests_per_month']:,} requests a month:",
        *(f"  - {cause['text']}: ${float(cause['monthly']):,.0f} a month" for cause in causes),
        "",
        "The report that a reviewer gets:",
        *(f"  {report.as_uri() if report.suffix == '.html' else shown(report)}" for report in reports),
        "",
        "Next: `codeops init` in a project of your own; README.md has the five-minute start.",
    )


def is_located(cause: dict[str, Any], service: Path) -> bool:
    """Whether the cause names a line that exists in the service, and money that is more than none."""
    place = cause.get("location") or {}
    path = service / place.get("path", "")
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return 0 < place.get("line", 0) <= len(lines) and float(cause.get("monthly") or 0) > 0


def heading(title: str, command: str = "") -> None:
    """A step of the demo, and the command that it is."""
    say("", f"── {title} ".ljust(100, "─"), *([f"$ {command}"] if command else []), "")


def say(*lines: str, file: Any = None) -> None:
    """Lines for the reader."""
    print(*lines, sep="\n", file=file, flush=True)


def shown(path: Path) -> str:
    """The path as short as it can be typed from here."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


if __name__ == "__main__":
    sys.exit(main())

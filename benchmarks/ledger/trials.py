"""Runs trials in fresh processes of any interpreter, as often as it takes to be sure of the median."""

import json
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metrics import Accuracy, Reading, accuracy
from plan import Control, Line, median_of, missed, target_of

__all__ = ["Failed", "Interpreter", "Outcome", "Repeats", "case_outcome", "control_outcome", "line_outcome", "naive_outcome", "verdict"]

MEASURE = Path(__file__).with_name("measure.py")
LIMIT_S = 300


class Failed(Exception):
    """A trial did not come to an end: a piece is missing or broken, and nothing is known about accuracy."""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python to measure, as the command that starts it."""

    command: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> "Interpreter":
        """From a command line, such as `python3.13` or `chroot /srv/sid python3.14`."""
        return cls(tuple(shlex.split(text)) or (sys.executable,))

    @property
    def version(self) -> tuple[int, int, int]:
        """Its version, asked from itself."""
        text = self.output(["-c", "import sys; print(*sys.version_info[:3])"])
        major, minor, micro = map(int, text.split())
        return major, minor, micro

    def trial(self, workload: str, way: str, options: dict[str, Any]) -> dict[str, Any]:
        """One reading of this workload, from a process of its own."""
        trial = json.dumps({"workload": workload, "way": way, "options": options})
        reading: dict[str, Any] = json.loads(self.output([str(MEASURE), trial]))
        return reading

    def output(self, arguments: list[str]) -> str:
        """What it prints when it is started with these arguments."""
        done = subprocess.run([*self.command, *arguments], capture_output=True, text=True, timeout=LIMIT_S, check=False)
        if done.returncode:
            raise Failed(f"{shlex.join([*self.command, *arguments])} ended with {done.returncode}:\n{done.stderr.strip()}")
        return done.stdout


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the repeats of one line, case or control came to."""

    name: str
    is_good: bool
    """The target is met; of a control: it is missed, as it must be."""
    figures: Accuracy | None = None
    note: str = ""
    has_units: bool = False
    """Whether all of its work is counted in units, so that their shares mean something."""


@dataclass(frozen=True, slots=True)
class Repeats:
    """How often a trial is repeated: `most` times, or fewer once more than half of them agree and `may_stop`."""

    most: int
    may_stop: bool

    def run(self, trial: Callable[[], Any], is_settled: Callable[[Any], bool]) -> list[Any]:
        """The readings. A median is within a limit as soon as more than half of all values are, so the rest cannot change it."""
        found: list[Any] = []
        while len(found) < self.most:
            found.append(trial())
            if self.may_stop and sum(map(is_settled, found)) > self.most // 2:
                break
        return found


def _accuracy(reading: dict[str, Any]) -> Accuracy:
    return accuracy(Reading(**{name: reading[name] for name in Reading.__slots__}))


def line_outcome(python: Interpreter, line: Line, ledger: str, repeats: Repeats) -> Outcome:
    """A workload against its target."""
    target = target_of(line, ledger.partition("-")[0])
    found = repeats.run(lambda: _accuracy(python.trial(line.workload, ledger, line.options)), lambda one: not missed(one, target))
    median = median_of(found)
    bad = missed(median, target)
    return Outcome(line.name, not bad, median, f"missed: {', '.join(sorted(bad))}" if bad else "", line.has_units)


def naive_outcome(python: Interpreter, way: str, line: Line, repeats: Repeats) -> Outcome:
    """A naive way on a workload, which is shown and not judged."""
    found = repeats.run(lambda: _accuracy(python.trial(line.workload, way, line.options)), lambda _: False)
    return Outcome(f"{line.name}, {way}", is_good=True, figures=median_of(found))


def case_outcome(python: Interpreter, name: str, ledger: str, repeats: Repeats) -> Outcome:
    """A case against its exact expectations: each claim must hold in more than half of the repeats."""
    found = repeats.run(lambda: python.trial(f"case:{name}", ledger, {})["claims"], lambda claims: all(one["holds"] for one in claims))
    broken = _broken(found)
    shown = ", ".join(f"{one['what']} {one['found_s'] * 1e3:.1f} of {one['expected_s'] * 1e3:.1f} ms" for one in found[-1])
    return Outcome(name, not broken, note=f"missed: {', '.join(sorted(broken))}; {shown}" if broken else shown)


def _broken(found: list[list[dict[str, Any]]]) -> set[str]:
    names = [claim["what"] for claim in found[0]]
    return {name for place, name in enumerate(names) if 2 * sum(claims[place]["holds"] for claims in found) <= len(found)}


def control_outcome(python: Interpreter, control: Control, options: dict[str, Any], ledger: str, repeats: Repeats) -> Outcome:
    """A broken way, which must miss what it is known to miss."""
    way = control.way(ledger)
    if control.workload.startswith("case:"):
        trials = repeats.run(
            lambda: python.trial(control.workload, way, options)["claims"],
            lambda claims: any(not one["holds"] for one in claims if one["what"] in control.misses),
        )
        return verdict(control, _broken(trials), None)
    target = target_of(None, ledger)
    found = repeats.run(
        lambda: _accuracy(python.trial(control.workload, way, options)), lambda one: bool(missed(one, target) & control.misses)
    )
    median = median_of(found)
    return verdict(control, missed(median, target), median)


def verdict(control: Control, bad: set[str], figures: Accuracy | None) -> Outcome:
    """A control is good when it misses one of its measures: then the benchmark sees what it is there to see."""
    caught = bad & control.misses
    note = f"caught by {', '.join(sorted(caught))}" if caught else "PASSES: the benchmark does not see this fault"
    return Outcome(control.name, bool(caught), figures, note)

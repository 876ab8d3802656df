"""How wrong the CPU ledger is, on workloads with known truth, beside the naive ways and five broken ledgers.

    python benchmarks/ledger/accuracy.py [--ledger native|pure] [--quick] [--python COMMAND ...] [--only NAME ...] [--write]

Exit code 1 when a target is missed or a broken ledger is not found out, 2 when something could not be measured at all.
"""

import argparse
import shlex
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

import page
from plan import CASES, CONTROLS, LINES, NAIVE, Control, Line
from trials import Failed, Interpreter, Outcome, Repeats, case_outcome, control_outcome, line_outcome, naive_outcome

FIVE, THREE = Repeats(5, may_stop=False), Repeats(3, may_stop=False)
QUICK_FIVE, QUICK_THREE = Repeats(5, may_stop=True), Repeats(3, may_stop=True)


@dataclass
class Run:
    """Everything that one interpreter and one ledger came to."""

    title: str
    lines: list[Outcome] = field(default_factory=list)
    naive: list[Outcome] = field(default_factory=list)
    cases: list[Outcome] = field(default_factory=list)
    controls: list[Outcome] = field(default_factory=list)

    @property
    def bad(self) -> list[Outcome]:
        """What missed its target, and controls that did not."""
        return [outcome for outcome in (*self.lines, *self.cases, *self.controls) if not outcome.is_good]


@dataclass(frozen=True, slots=True)
class Job:
    """One line of the table that is still to be found."""

    name: str
    into: list[Outcome]
    found: Callable[[], Outcome]


def jobs(python: Interpreter, ledger: str, run: Run, *, is_quick: bool, is_first: bool) -> Iterator[Job]:
    """Everything that there is to measure with this interpreter; what no ledger has a part in only with the first one."""
    for line in LINES:
        if python.version[:2] >= line.since and not (is_quick and line.quick is None):
            yield Job(line.name, run.lines, partial(_line, python, line, ledger, is_quick=is_quick))
    for way, line in NAIVE if is_first and not is_quick else ():
        yield Job(f"{line.name}, {way}", run.naive, partial(naive_outcome, python, way, line, THREE))
    for case in CASES:
        yield Job(case, run.cases, partial(_confirmed, partial(case_outcome, python, case, ledger), QUICK_THREE, FIVE))
    for control in CONTROLS:
        if is_first or not control.is_shared:
            yield Job(control.name, run.controls, partial(_control, python, control, ledger, is_quick=is_quick))


def _line(python: Interpreter, line: Line, ledger: str, *, is_quick: bool) -> Outcome:
    """A workload; what misses its target in the short run is judged by the long one, which a busy neighbour moves less."""
    if is_quick:
        # Shares of units depend on the machine's pace, which no clock here corrects: they need five runs to be steady.
        short = line_outcome(python, line.shortened, ledger, QUICK_FIVE if line.shortened.has_units else QUICK_THREE)
        if short.is_good:
            return short
    return line_outcome(python, line, ledger, FIVE)


def _control(python: Interpreter, control: Control, ledger: str, *, is_quick: bool) -> Outcome:
    if is_quick:
        short = control_outcome(python, control, {**control.options, **control.quick}, ledger, QUICK_THREE)
        if short.is_good:
            return short
    return control_outcome(python, control, control.options, ledger, QUICK_THREE)


def _confirmed(found: Callable[[Repeats], Outcome], few: Repeats, more: Repeats) -> Outcome:
    """The outcome of a few repeats if it is good, of more if it is not."""
    short = found(few)
    return short if short.is_good else found(more)


def measured(python: Interpreter, ledger: str, options: argparse.Namespace) -> Run:
    """Measures and prints, line by line."""
    is_first = ledger == options.ledger[0]
    run = Run(f"CPython {'.'.join(map(str, python.version))}, {ledger} ledger")
    print(f"\n{run.title}\n{page.HEAD}")
    known = list(jobs(python, ledger, run, is_quick=options.quick, is_first=is_first))
    unknown = set(options.only) - {job.name for job in known}
    if unknown and is_first:
        raise Failed(f"nothing is named {', '.join(sorted(unknown))}; there are: {', '.join(job.name for job in known)}")
    for job in known:
        if not options.only or job.name in options.only:
            outcome = job.found()
            job.into.append(outcome)
            print(page.text_line(outcome), flush=True)
    return run


def parsed() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ledger", choices=["native", "pure"], action="append", help="which ledger; both when left out")
    parser.add_argument("--quick", action="store_true", help="the short run that gates every change")
    parser.add_argument("--python", action="append", metavar="COMMAND", help="an interpreter in which CodeOps is installed")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="only what has this name in the table")
    parser.add_argument("--names", action="store_true", help="print the names of what would be measured, and measure nothing")
    parser.add_argument("--write", action="store_true", help="write the tables into docs/accuracy.md")
    options = parser.parse_args()
    options.ledger = options.ledger or ["native", "pure"]
    options.python = options.python or [shlex.quote(sys.executable)]
    return options


def main() -> int:
    """Measures every interpreter with every ledger that was asked for."""
    options = parsed()
    if options.names:
        for ledger in options.ledger:
            known = jobs(Interpreter((sys.executable,)), ledger, Run(""), is_quick=options.quick, is_first=ledger == options.ledger[0])
            print(*(f"{ledger}: {job.name}" for job in known), sep="\n")
        return 0
    try:
        runs = [measured(python, ledger, options) for python in map(Interpreter.parse, options.python) for ledger in options.ledger]
    except Failed as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    if options.write:
        page.write([page.markdown(run.title, run.lines, run.naive, run.cases, run.controls) for run in runs])
    bad = [f"{run.title}: {outcome.name}: {outcome.note}" for run in runs for outcome in run.bad]
    print("\n" + ("\n".join(bad) if bad else "every target is met, and every broken ledger was found out"))
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())

"""The tables of docs/gate-studies.md, from the files of results."""

from collections.abc import Callable, Iterator, Sequence
from itertools import starmap
from statistics import median

from endtoend import Run
from intervals import clopper_pearson
from peers import PEERS, PeerRun
from plan import SLOWDOWNS
from projects import ROUTES
from resampling import CASES, Cell

__all__ = ["Claim", "claims", "tables"]


def tables(runs: Sequence[Run], peers: Sequence[PeerRun], cells: Sequence[Cell]) -> str:
    """Markdown."""
    return "\n".join([*_tools(runs, peers), "", *_ends(runs), "", *_resampled(cells), "", *_claims(runs, cells)])


def _tools(runs: Sequence[Run], peers: Sequence[PeerRun]) -> Iterator[str]:
    yield (
        f"| tool, tolerance 8 % | false alarms, runs of {len(ROUTES)} routes | "
        + " | ".join(f"+{more} %" for more in SLOWDOWNS)
        + " | verdict in |"
    )
    yield "|---|---|" + "---|" * len(SLOWDOWNS) + "---|"
    still = [run for run in _timed(runs, 8) if run.kind in {"same", "irrelevant"} and run.copies == 1]
    seen = [_share([bool(run.failed) for run in _slowed(runs, 8, more)]) for more in SLOWDOWNS]
    alone = [run for run in runs if run.kind == "alone"]
    yield f"| **codeops gate --base** | {_share([bool(run.failed) for run in still])} | {' | '.join(seen)} | {_seconds(alone)} |"
    for tool in PEERS:
        own = [run for run in peers if run.tool == tool]
        alarms = _share([bool(run.failed) for run in own if not run.more])
        seen = [_share([route in run.failed for run in own if run.more == more for route in ROUTES]) for more in SLOWDOWNS]
        yield f"| {tool} | {alarms} | {' | '.join(seen)} | {_seconds(own)} |"


def _ends(runs: Sequence[Run]) -> Iterator[str]:
    yield "| end to end | tolerance | counter | runs | pass | fail | inconclusive | at most, 95 % sure | seconds, median and worst |"
    yield "|---|---|---|---|---|---|---|---|---|"
    groups: dict[tuple[str, float, str], list[Run]] = {}
    for run in runs:
        groups.setdefault((_words(run), run.tolerance, run.counter), []).append(run)
    for (words, tolerance, counter), found in sorted(groups.items()):
        ends = [sum(run.verdict == verdict for run in found) for verdict in ("pass", "fail", "inconclusive")]
        bound = f"{clopper_pearson(ends[1], len(found))[1]:.1%} fail" if not any(run.more for run in found) else ""
        times = f"{median(run.seconds for run in found):.1f}, {max(run.seconds for run in found):.1f}"
        yield f"| {words} | {tolerance:g} % | {counter} | {len(found)} | {' | '.join(map(str, ends))} | {bound} | {times} |"


def _words(run: Run) -> str:
    many = f", {len(ROUTES) * run.copies} routes" if run.copies > 1 else ""
    alone = ", one run at a time" if run.kind == "alone" else ""
    if not run.more or run.kind == "tail":
        return {"same": "same code", "irrelevant": "irrelevant edits", "tail": "slow tail", "alone": "same code"}[run.kind] + many + alone
    where = "every route" if len(run.more) > 1 else "one route"
    return f"{where} +{next(iter(run.more.values())):g} %{many}{alone}"


def _resampled(cells: Sequence[Cell]) -> Iterator[str]:
    yield "| drawn from recorded pairs | " + " | ".join(f"{_kind(case)}" for case in CASES) + " |"
    yield "|---|" + "---|" * len(CASES)
    for tolerance, routes in sorted({(cell.tolerance, cell.routes) for cell in cells}):
        row = {cell.case: cell for cell in cells if (cell.tolerance, cell.routes) == (tolerance, routes)}
        shown = [f"{row[case].failed:.2%} / {row[case].open:.2%} ({row[case].pairs:.1f})" if case in row else "" for case in CASES]
        yield f"| tolerance {tolerance:.0%}, {routes} routes | {' | '.join(shown)} |"


def _kind(case: str) -> str:
    return {"none": "no change", "all at tolerance": "every route at the tolerance"}.get(
        case, f"one route at the tolerance {case.removeprefix('one ')} points"
    )


class Claim:
    """A target: what it is about, what was found, and whether that is enough."""

    def __init__(self, words: str, found: str, *, is_met: bool) -> None:
        self.words, self.found, self.is_met = words, found, is_met


def claims(runs: Sequence[Run], cells: Sequence[Cell]) -> list[Claim]:
    """Every target that something was measured for."""
    still = [run for run in _timed(runs, 8) if run.kind in {"same", "irrelevant"} and run.copies == 1]
    fine = [run for run in runs if run.counter == "instructions" and not run.more]
    seen = [run for run in runs if run.counter == "instructions" and run.more]
    found = [
        _at_most("false alarms of real runs of 6 routes ≤ 1 %", [bool(run.failed) for run in still], 0.01),
        _at_most("no false alarm with counted instructions at 1 %", [bool(run.failed) for run in fine], 0.0),
        _at_least("≥ 99 % of +2 % are seen at 1 % with counted instructions", [bool(run.failed) for run in seen], 0.99),
        *starmap(_within, _times(runs)),
        *_drawn(cells),
    ]
    return [claim for claim in found if claim]


def _times(runs: Sequence[Run]) -> Iterator[tuple[str, list[Run], float]]:
    yield "6 routes without a change, all of the command, ≤ 10 s", [run for run in runs if run.kind == "alone" and not run.more], 10
    yield "6 routes with a regression, all of the command, ≤ 15 s", [run for run in runs if run.kind == "alone" and run.more], 15
    yield "48 routes, all of the command, ≤ 75 s", [run for run in runs if run.copies == 8], 75


def _drawn(cells: Sequence[Cell]) -> Iterator[Claim]:
    limits: dict[str, tuple[str, Callable[[Cell], bool]]] = {
        "none": ("false alarms ≤ 1 %", lambda cell: cell.failed <= 0.01),
        "one +3": ("power ≥ 95 %", lambda cell: cell.failed >= 0.95),
        "all at tolerance": ("fail ≤ 1 %", lambda cell: cell.failed <= 0.01),
    }
    for cell in cells:
        if cell.case in limits:
            words, holds = limits[cell.case]
            about = f"drawn, tolerance {cell.tolerance:.0%}, {cell.routes} routes, {_kind(cell.case)}: {words}"
            yield Claim(about, f"{cell.failed:.2%} of {cell.runs} fail, {cell.open:.2%} open", is_met=holds(cell))


def _claims(runs: Sequence[Run], cells: Sequence[Cell]) -> Iterator[str]:
    yield "| target | found | |"
    yield "|---|---|---|"
    for claim in claims(runs, cells):
        yield f"| {claim.words} | {claim.found} | {'met' if claim.is_met else '**missed**'} |"


def _at_most(words: str, hits: Sequence[bool], limit: float) -> Claim | None:
    return Claim(words, _share(hits), is_met=sum(hits) <= limit * len(hits)) if hits else None


def _at_least(words: str, hits: Sequence[bool], limit: float) -> Claim | None:
    return Claim(words, _share(hits), is_met=sum(hits) >= limit * len(hits)) if hits else None


def _within(words: str, runs: Sequence[Run], limit: float) -> Claim | None:
    return Claim(words, f"median {_seconds(runs)}", is_met=median(run.seconds for run in runs) <= limit) if runs else None


def _share(hits: Sequence[bool]) -> str:
    if not hits:
        return "not run"
    low, high = clopper_pearson(sum(hits), len(hits))
    return f"{sum(hits)} of {len(hits)} ({low:.1%} to {high:.1%})"


def _seconds(runs: Sequence[Run] | Sequence[PeerRun]) -> str:
    return f"{median(run.seconds for run in runs):.1f} s" if runs else "not run"


def _timed(runs: Sequence[Run], tolerance: float) -> list[Run]:
    return [run for run in runs if run.counter == "cpu" and run.tolerance == tolerance]


def _slowed(runs: Sequence[Run], tolerance: float, more: float) -> list[Run]:
    return [run for run in _timed(runs, tolerance) if run.kind == "slow" and run.copies == 1 and list(run.more.values()) == [more]]

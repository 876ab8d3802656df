"""A part of the project: the configuration, baseline and report of a run that is about some of its routes only."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from codeops.config import Config
from codeops.core.cost import Caveat, unique
from codeops.core.report import Report
from codeops.core.selection import Selection
from codeops.core.snapshot import Snapshot

__all__ = ["cut", "select", "tell"]

_Value = TypeVar("_Value")


def select(config: Config, patterns: Sequence[str]) -> Config:
    """The configuration of what `patterns` take, all of it where there are none.

    Limits and traffic of other routes go with them; the month's limit too, where no route that is left has traffic.

    Raises: UnknownName, EmptySuite; where pytest has benchmarks of its own, only once they have been measured.
    """
    selection = Selection(tuple(patterns))
    if selection.is_all:
        return config
    if not config.suite.pytest:
        selection.demand([case.route for case in config.suite.cases])
    traffic = _taken(config.traffic, selection)
    budget = replace(
        config.budget,
        routes=_taken(config.budget.routes, selection),
        monthly_increase=config.budget.monthly_increase if traffic else None,
    )
    return replace(config, suite=config.suite.selected(selection), budget=budget, traffic=traffic)


def cut(snapshot: Snapshot, selection: Selection) -> Snapshot:
    """The snapshot without the routes that are not selected: they are not gone, nobody looked."""
    return replace(snapshot, routes=_taken(snapshot.routes, selection))


def tell(report: Report, selection: Selection) -> Report:
    """The report with the caveat that it is about a part of the suite, if it is."""
    if selection.is_all:
        return report
    text = f"only what {' '.join(selection.patterns)} selects was measured and judged; the money a month is that of these routes alone"
    return replace(report, caveats=unique((*report.caveats, Caveat("selected", "", text))))


def _taken(named: Mapping[str, _Value], selection: Selection) -> dict[str, _Value]:
    return {name: value for name, value in named.items() if selection.takes(name)}

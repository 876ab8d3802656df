"""The gate: against a base that is measured too, or against a stored baseline."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from codeops.bench import Progress
from codeops.config import Config
from codeops.core.cost import Caveat, unique
from codeops.core.errors import MissingBase
from codeops.core.report import Report
from codeops.pipeline import stored
from codeops.pipeline.base_tree import Against
from codeops.pipeline.comparing import compare_trees

__all__ = ["gate"]


def gate(config: Config, against: Against | None = None, on_progress: Callable[[Progress], None] | None = None) -> Report:
    """The project as it stands, judged by its budgets `against` a base, or against its stored baseline.

    Where git does not have the base, the stored baseline stands in for it if there is one, and the report says so.

    Raises: MissingBaseline, MissingBase, and what measuring raises.
    """
    if against is None:
        return stored.gate(config, on_progress)
    try:
        return compare_trees(config, against, on_progress)[1]
    except MissingBase as problem:
        if against.folder or not Path(config.baseline).is_file():
            raise
        report = stored.gate(config, on_progress)
        text = f"compared with the stored baseline, because {problem.title}: {problem.why}; {problem.fix}"
        return replace(report, caveats=unique((Caveat("missing-base", "", text), *report.caveats)))

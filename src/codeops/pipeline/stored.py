"""The gate against a stored baseline."""

from collections.abc import Callable
from pathlib import Path

from codeops.bench import Progress, snapshot
from codeops.config import Config
from codeops.core.errors import MissingBaseline
from codeops.core.report import Report
from codeops.pipeline.measuring import measure_project

__all__ = ["gate"]


def gate(config: Config, on_progress: Callable[[Progress], None] | None = None) -> Report:
    """The project as it stands against its stored baseline, judged by its budgets.

    Raises: MissingBaseline, and what `measure_project` raises.
    """
    if not Path(config.baseline).is_file():
        raise MissingBaseline(
            "there is no baseline to compare with",
            why=f"{config.baseline} does not exist",
            fix="codeops bench --update-baseline on the branch you compare with, and commit the file",
        )
    base = snapshot.load(config.baseline)
    return measure_project(config, on_progress).judge(base)

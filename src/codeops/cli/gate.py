"""`codeops gate`: measure the project, compare it with its base or its baseline, and fail when a budget is broken."""

from typing import TYPE_CHECKING

import click

from codeops.cli._against import base_options
from codeops.cli._select import select_option
from codeops.cli._show import config_option, progress_bar, report_options, show, verdict_code

__all__ = ["command"]

if TYPE_CHECKING:
    from codeops.pipeline import Against


@click.command()
@base_options
@select_option
@config_option
@report_options
def command(
    against: "Against | None",
    patterns: tuple[str, ...],
    config: str | None,
    form: str | None,
    outputs: tuple[str, ...],
) -> int:
    """Fail when a change costs too much.

    Without --base or --base-dir the project is compared with its stored baseline: counts decide, CPU only warns.

    Exit codes: 0 pass, 1 a budget is broken, 2 CodeOps could not do its job, 3 inconclusive.

    \b
    Example:
      codeops gate --base --output cost/report.html --output cost/report.md
    """
    from codeops.config import load
    from codeops.pipeline import gate, select

    settings = select(load(config, "."), patterns)
    with progress_bar() as on_progress:
        report = gate(settings, against, on_progress)
    show(report, form, outputs)
    return verdict_code(report.verdict, settings.inconclusive)

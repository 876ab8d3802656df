"""`codeops gate`: measure the project, compare it with its baseline, and fail when a budget is broken."""

import click

from codeops.cli._show import config_option, progress_bar, report_options, show, verdict_code

__all__ = ["command"]


@click.command()
@config_option
@report_options
def command(config: str | None, form: str | None, outputs: tuple[str, ...]) -> int:
    """Fail when a change costs too much.

    Exit codes: 0 pass, 1 a budget is broken, 2 CodeOps could not do its job, 3 inconclusive.

    \b
    Example:
      codeops gate --output cost/report.html --output cost/report.md
    """
    from codeops.config import load
    from codeops.pipeline import gate

    settings = load(config, ".")
    with progress_bar() as on_progress:
        report = gate(settings, on_progress)
    show(report, form, outputs)
    return verdict_code(report.verdict, settings.inconclusive)

"""`codeops report`: a saved report in another format."""

import click

from codeops.cli._show import report_options, show

__all__ = ["command"]


@click.command()
@click.argument("saved", metavar="REPORT.json")
@report_options
def command(saved: str, form: str | None, outputs: tuple[str, ...]) -> int:
    """Render a saved JSON report in another format.

    \b
    Example:
      codeops report cost/report.json --format html --output cost/report.html
    """
    from codeops.document import read
    from codeops.report.json import parse

    report = parse(read(saved), saved)
    show(report, form, outputs)
    return 0

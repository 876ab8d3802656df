"""`codeops doctor`: what CodeOps would measure and price in this environment, and what keeps it from that."""

import os
import shutil
import sys

import click

__all__ = ["command"]


@click.command()
@click.option("--pricebook", metavar="FILE", help="Price book to look at; that of CODEOPS_PRICEBOOK if not given.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Format of the output.")
def command(pricebook: str | None, form: str) -> int:
    """Say what CodeOps finds here: interpreter, telemetry, prices, labels, libraries, settings.

    Run it where your service runs, with its variables. Exit codes: 0 all is well, 2 CodeOps could not do its job.

    \b
    Example:
      codeops doctor --pricebook pricebook.toml
    """
    from codeops.cli._diagnosis import as_json, as_text
    from codeops.instrument.diagnosis import diagnose

    found = diagnose(pricebook)
    is_terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if is_terminal else 100
    text = as_json(found) if form == "json" else as_text(found, width, colour=is_terminal and "NO_COLOR" not in os.environ)
    click.echo(text, nl=not text.endswith("\n"))
    return 0 if found.is_well else 2

"""`codeops doctor`: what CodeOps would measure and price in this environment, and what keeps it from that."""

import os
import shutil
import sys

import click

from codeops.cli._show import progress_bar

__all__ = ["command"]

_NOISE_SECONDS = 45.0
"""With the simulations that follow it is a minute."""


@click.command()
@click.option("--pricebook", metavar="FILE", help="Price book to look at; that of CODEOPS_PRICEBOOK if not given.")
@click.option("--noise", is_flag=True, help="Measure how noisy this machine is, and what a gate on it can tell; about a minute.")
@click.option("--time-budget", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS", help="How long --noise measures.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Format of the output.")
def command(pricebook: str | None, *, noise: bool, time_budget: float | None, form: str) -> int:
    """Say what CodeOps finds here: interpreter, telemetry, prices, labels, libraries, settings.

    Run it where your service runs, with its variables. Exit codes: 0 all is well, 2 CodeOps could not do its job.

    \b
    Example:
      codeops doctor --pricebook pricebook.toml
      codeops doctor --noise
    """
    if not noise and time_budget is not None:
        raise click.UsageError("--time-budget says how long --noise measures: add it")
    is_terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if is_terminal else 100
    colour = is_terminal and "NO_COLOR" not in os.environ
    text, is_well = _noise(time_budget, form, width, colour=colour) if noise else _diagnosis(pricebook, form, width, colour=colour)
    click.echo(text, nl=not text.endswith("\n"))
    return 0 if is_well else 2


def _diagnosis(pricebook: str | None, form: str, width: int, *, colour: bool) -> tuple[str, bool]:
    from codeops.cli._diagnosis import as_json, as_text
    from codeops.instrument.diagnosis import diagnose

    found = diagnose(pricebook)
    return as_json(found) if form == "json" else as_text(found, width, colour=colour), found.is_well


def _noise(seconds: float | None, form: str, width: int, *, colour: bool) -> tuple[str, bool]:
    from codeops.bench.counters.callgrind import unavailable
    from codeops.bench.noise import measure_noise
    from codeops.cli._noise import as_json, as_text
    from codeops.pipeline.noise import prospect_of

    with progress_bar() as on_progress:
        found = measure_noise(seconds or _NOISE_SECONDS, on_progress)
    prospect, why = prospect_of(found), unavailable()
    return as_json(prospect, why) if form == "json" else as_text(prospect, why, width, colour=colour), True

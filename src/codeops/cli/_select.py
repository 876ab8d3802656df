"""The option that says which routes a run is about, alike on `bench` and `gate`."""

import click

__all__ = ["select_option"]

select_option = click.option(
    "--select",
    "patterns",
    multiple=True,
    metavar="PATTERN",
    help="Only routes and jobs whose names match, '/v1/*' or '!/v1/slow' to leave out. May be given several times.",
)

"""`codeops prices`: look at a price book, check it, convert it, import into it."""

import click

from codeops.cli._group import LazyGroup

__all__ = ["command"]


@click.group(cls=LazyGroup, slot="codeops.cli.prices")
def command() -> None:
    """Check, list, explain, convert and import prices."""

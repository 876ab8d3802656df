"""`codeops prices convert`: the simple form of a price book as the full form."""

import click

from codeops.cli.prices._arguments import deliver

__all__ = ["command"]


@click.command()
@click.argument("pricebook")
@click.option("--output", metavar="FILE", help="Write here, if nothing stands there yet; standard output if not given.")
def command(pricebook: str, output: str | None) -> int:
    """Rewrite a price book in the simple form as pricebook.toml in the full form.

    \b
    Example:
      codeops prices convert pricebook.json --output pricebook.toml
    """
    from codeops.prices import convert

    text = convert(pricebook)
    deliver(text, output)
    return 0

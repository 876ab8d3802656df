"""`codeops prices import`: prices of another tool as a price book."""

import click

from codeops.cli.prices._arguments import deliver

__all__ = ["command"]


@click.command()
@click.argument("kind", type=click.Choice(["opencost-csv"]))
@click.argument("file")
@click.option("--currency", default="USD", show_default=True, metavar="CODE", help="Currency of the prices (ISO 4217).")
@click.option("--output", metavar="FILE", help="Write here, if nothing stands there yet; standard output if not given.")
def command(kind: str, file: str, currency: str, output: str | None) -> int:
    """Turn a price list of another tool into a price book.

    \b
    Example:
      codeops prices import opencost-csv prices.csv --output nodes.toml
    """
    from codeops.document import read
    from codeops.prices import import_opencost_csv

    del kind  # one so far; click has checked it
    text = import_opencost_csv(read(file), file, currency=currency)
    deliver(text, output)
    return 0

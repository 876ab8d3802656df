"""`codeops prices list`: the entries of a price book."""

import click

from codeops.cli.prices._arguments import labels_argument, one_line, parse_labels

__all__ = ["command"]


@click.command()
@labels_argument
@click.option("--pricebook", default="pricebook.toml", show_default=True, metavar="FILE", help="Price book to read.")
@click.option("--meter", default="*", metavar="PATTERN", help="Only meters that match, for example 'aws.s3.*'.")
def command(labels: tuple[str, ...], pricebook: str, meter: str) -> int:
    """List the prices that usage with these labels could get.

    \b
    Example:
      codeops prices list --meter 'aws.s3.*' region=us-east-1
    """
    from itertools import groupby

    from codeops.core.figure import count_noun
    from codeops.prices import listing, load

    entries = listing(load(pricebook), meter=meter, labels=parse_labels(labels))
    for name, prices in groupby(entries, key=lambda price: price.meter):
        click.echo(name)
        for price in prices:
            click.echo(f"  {one_line(price)}")
    click.echo(count_noun(len(entries), "price"), err=True)
    return 0

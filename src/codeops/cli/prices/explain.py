"""`codeops prices explain`: which entry prices a usage, and why not another."""

from datetime import UTC, datetime

import click

from codeops.cli.prices._arguments import labels_argument, one_line, parse_labels

__all__ = ["command"]


@click.command()
@click.argument("meter")
@labels_argument
@click.option("--pricebook", default="pricebook.toml", show_default=True, metavar="FILE", help="Price book to read.")
@click.option("--at", type=click.DateTime(["%Y-%m-%d"]), help="Day whose prices count; today if not given.")
@click.option("--all", "show_all", is_flag=True, help="Show every entry that lost, not just the ten nearest.")
def command(meter: str, labels: tuple[str, ...], pricebook: str, at: datetime | None, show_all: bool) -> int:
    """Say which price a meter gets, which entries lost, and why.

    \b
    Example:
      codeops prices explain compute.cpu region=us-east-1 pricing_tier=spot
    """
    from codeops.prices import explain, load

    day = (at or datetime.now(UTC)).date()
    told = explain(load(pricebook), meter, parse_labels(labels), day)
    click.echo(f"{meter} costs {told.rate}")
    click.echo(f"  won      {one_line(told.winner)}")
    for word, text in (("source", told.winner.source), ("read", told.winner.retrieved), ("note", told.winner.note)):
        if text:
            click.echo(f"  {word:<8} {text}")
    for multiplier in told.multipliers:
        click.echo(f"  times    {multiplier.factor} {multiplier.name}  {multiplier.origin}")
    for name, value in told.assumed.items():
        click.echo(f"  assumed  {name}={value}, which was not stated")
    shown = told.losers if show_all else told.losers[:10]
    for loser in shown:
        click.echo(f"  lost     {one_line(loser.price)}\n           {loser.lost}")
    if len(shown) < len(told.losers):
        click.echo(f"  … and {len(told.losers) - len(shown)} more; --all shows them")
    return 0

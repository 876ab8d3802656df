"""`codeops init`: the files that take a project to its first gate."""

import sys

import click

__all__ = ["command"]

_NEXT = """
Next, in three stages:
  1. relative   codeops bench --update-baseline && git add cost/baseline.json
                codeops gate                     fails when a route becomes more than 8 % dearer
  2. budgets    uncomment per_1k, monthly_increase and [traffic] in codeops.toml
  3. the bill   put your negotiated rates into pricebook.toml; codeops prices check
"""


@click.command()
@click.argument("folder", default=".", type=click.Path(exists=True, file_okay=False))
@click.option("--cloud", metavar="NAME", help="Cloud whose prices are extended; found from the dependencies if not given.")
@click.option("--region", metavar="NAME", help="Region that is priced.")
def command(folder: str, cloud: str | None, region: str | None) -> int:
    """Write codeops.toml, a price book, a first benchmark and a workflow. Overwrites nothing.

    \b
    Example:
      codeops init --cloud aws --region eu-west-1
    """
    from datetime import UTC, datetime

    from codeops.prices import assumptions
    from codeops.scaffold import detect, write

    asks = sys.stdin.isatty() and sys.stdout.isatty()
    found = detect(folder, cloud and _known(cloud))
    if asks and cloud is None:
        found = detect(folder, _known(click.prompt("Cloud", default=found.cloud)))
    labels = assumptions(found.cloud)
    place = region or found.region or labels["region"]
    if asks and region is None:
        place = click.prompt("Region", default=place)
    written = write(folder, found, {**labels, "region": place}, datetime.now(UTC).date().isoformat())
    app = f"{found.framework} app {found.app}, first route {found.route}" if found.app else "no web app; a stand-in function is measured"
    click.echo(f"found   {app}")
    for path in written.made:
        click.echo(f"wrote   {path}")
    for path in written.kept:
        click.echo(f"kept    {path} (it was there already)")
    click.echo(_NEXT)
    return 0


def _known(cloud: str) -> str:
    """`cloud` itself, when it has prices.

    Raises: UnknownName.
    """
    from codeops.core.errors import UnknownName
    from codeops.prices import assumptions, clouds

    known = [name for name in clouds() if assumptions(name)]
    if cloud not in known:
        raise UnknownName(
            f"there are no prices of {cloud!r}",
            why=f"known are {', '.join(known)}",
            fix="choose one of them; your own price book can hold any prices",
        )
    return cloud

"""What the verbs on prices have in common: labels on the command line, prices on one line, texts handed over."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from codeops.core.price import Price

__all__ = ["deliver", "labels_argument", "one_line", "parse_labels"]

labels_argument = click.argument("labels", nargs=-1, metavar="[LABEL=VALUE]...")


def deliver(text: str, output: str | None) -> None:
    """`text` on standard output, or in the file `output` where nothing stands yet.

    Raises: ExistingFile, UnreadableFile.
    """
    from codeops.document import write

    if output is None:
        click.echo(text, nl=False)
        return
    write(output, text.encode(), replace=False)
    click.echo(f"wrote {output}", err=True)


def parse_labels(labels: tuple[str, ...]) -> dict[str, str]:
    """`region=us-east-1 pricing_tier=spot` as a mapping."""
    for label in labels:
        name, sign, value = label.partition("=")
        if not (name and sign and value):
            raise click.UsageError(f"{label!r} is not label=value, for example region=us-east-1")
    return {name: value for name, _, value in (label.partition("=") for label in labels)}


def one_line(price: "Price") -> str:
    """A price as one line: its rate or tiers, the labels it is for, and where it stands."""
    from codeops.prices import labels_of

    steps = [f"{tier.price:f} up to {tier.up_to:f}" if tier.up_to is not None else f"{tier.price:f}" for tier in price.tiers]
    dates = "".join(f" {word} {day}" for word, day in (("from", price.valid_from), ("until", price.valid_to)) if day)
    return f"{', then '.join(steps)} {price.currency} per {price.per}  [{labels_of(price)}]{dates}  {price.origin}"

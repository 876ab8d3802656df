"""`codeops prices check`: what in a price book is suspicious, old or misspelt."""

import click

__all__ = ["command"]


@click.command()
@click.argument("pricebook", default="pricebook.toml")
def command(pricebook: str) -> int:
    """Check a price book; end with 1 when a price cannot be what was meant.

    \b
    Example:
      codeops prices check pricebook.toml
    """
    from codeops.core.figure import count_noun
    from codeops.core.finding import Severity
    from codeops.prices import check, load

    book = load(pricebook)
    findings = check(pricebook)
    for finding in findings:
        click.echo(f"{finding.severity.value}[{finding.rule}]: {finding.location or pricebook}: {finding.message}")
        for word, text in (("why", finding.why), ("fix", finding.fix)):
            if text:
                click.echo(f"  {word}: {text}")
    counts = f"{count_noun(len(book.prices), 'price')} of {count_noun(len(book.meters()), 'meter')} in {book.currency}"
    click.echo(f"{pricebook}: version {book.version}, {counts}, {count_noun(len(findings), 'finding')}")
    return int(any(finding.severity is Severity.ERROR for finding in findings))

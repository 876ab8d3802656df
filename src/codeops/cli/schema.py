"""`codeops schema`: the JSON Schema of a file format, for editors and validators."""

import click

__all__ = ["command"]


@click.command()
@click.argument("name", type=click.Choice(["config", "cost-map", "pricebook", "report", "snapshot", "waivers"]))
def command(name: str) -> int:
    """Print the JSON Schema of a file that CodeOps reads or writes.

    \b
    Example:
      codeops schema pricebook > pricebook.schema.json
    """
    from importlib.resources import files

    click.echo(files("codeops").joinpath("schemas", f"{name}.schema.json").read_text(encoding="utf-8"), nl=False)
    return 0

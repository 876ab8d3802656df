"""Groups of verbs that list their members by file name and import one only when it is used."""

from typing import Any

import click

from codeops.discovery import load, names

__all__ = ["LazyGroup"]


class LazyGroup(click.Group):
    """A click group over a slot: each module of the package `slot` holds a command `command`."""

    def __init__(self, *args: Any, slot: str, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.slot = slot

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs, sorted."""
        del ctx
        return names(self.slot)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb, imported now; None lets click say that there is none."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command = load(self.slot, cmd_name, needs=("command",)).command
        if not isinstance(command, click.Command):
            message = f"{self.slot}.{cmd_name}.command is not a click command"
            raise TypeError(message)
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with the nearest verb named when there is none of that name."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from difflib import get_close_matches

            near = get_close_matches(args[0], self.list_commands(ctx), 1)
            if not near:
                raise
            raise click.UsageError(f"{error.message} Did you mean {near[0]!r}?", ctx) from error

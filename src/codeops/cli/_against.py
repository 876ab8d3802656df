"""The options that say what a measurement is compared with, alike on `bench` and `gate`."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from codeops.pipeline import Against

__all__ = ["against", "base_options"]

_Command = TypeVar("_Command", bound=Callable[..., Any])


def base_options(command: _Command) -> _Command:
    """The options --base, --base-dir and --time-budget."""
    for option in reversed(
        (
            click.option(
                "--base",
                metavar="[REF]",
                is_flag=False,
                flag_value="",
                help="Measure the commit in which HEAD left REF too, in turns with this tree; REF is the target branch if not given.",
            ),
            click.option("--base-dir", metavar="DIR", help="Measure the project in DIR too, in turns with this one."),
            click.option(
                "--time-budget", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS", help="Begin no pair of processes later."
            ),
        )
    ):
        command = option(command)
    return command


def against(base: str | None, base_dir: str | None, time_budget: float | None) -> "Against | None":
    """What the options name; None when there is no base to measure."""
    if base is not None and base_dir is not None:
        raise click.UsageError("--base and --base-dir are two bases: keep one of them")
    if base is None and base_dir is None:
        if time_budget is not None:
            raise click.UsageError("--time-budget needs --base or --base-dir: it is about pairs of base and head")
        return None
    from codeops.pipeline import Against

    return Against(ref=base or "", folder=base_dir or "", seconds=time_budget)

"""The options that say what a measurement is compared with, alike on `bench` and `gate`."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from codeops.pipeline import Against

__all__ = ["base_options"]


def base_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options --base, --base-dir, --time-budget and --counter; the command gets what they name as `against`, None without a base."""

    @wraps(command)
    def named(base: str | None, base_dir: str | None, time_budget: float | None, counter: str | None, **others: object) -> object:
        return command(against=_against(base, base_dir, time_budget, counter), **others)

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
            click.option(
                "--counter",
                type=click.Choice(["auto", "cpu", "instructions"]),
                help="Time CPU, or count instructions with valgrind; auto counts for tolerances below 3 %.",
            ),
        )
    ):
        named = option(named)
    return named


def _against(base: str | None, base_dir: str | None, time_budget: float | None, counter: str | None) -> "Against | None":
    if base is not None and base_dir is not None:
        raise click.UsageError("--base and --base-dir are two bases: keep one of them")
    if base is None and base_dir is None:
        for option, value in (("--time-budget", time_budget), ("--counter", counter)):
            if value is not None:
                raise click.UsageError(f"{option} needs --base or --base-dir: it is about pairs of base and head")
        return None
    from codeops.pipeline import Against

    return Against(ref=base or "", folder=base_dir or "", seconds=time_budget, counter=counter or "")

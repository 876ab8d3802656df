"""Where a report goes: to the terminal, to standard output, and to the files that were asked for."""

import os
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from codeops.discovery import load, names

if TYPE_CHECKING:
    from codeops.bench import Progress
    from codeops.core.report import Report, Verdict

__all__ = ["config_option", "progress_bar", "report_options", "show", "verdict_code"]

SLOT = "codeops.report"

_Command = TypeVar("_Command", bound=Callable[..., Any])
_CODES = {"pass": 0, "fail": 1, "inconclusive": 3}

config_option = click.option("--config", metavar="FILE", help="Configuration; the nearest codeops.toml if not given.")


def report_options(command: _Command) -> _Command:
    """The options --format and --output, alike on every verb that yields a report."""
    command = click.option("--format", "form", metavar="NAME", help=f"Format of the output: {', '.join(names(SLOT))}.")(command)
    return click.option(
        "--output",
        "outputs",
        multiple=True,
        metavar="FILE",
        help="Write the report here too, in the format of the file's ending (or of --format). May be given several times.",
    )(command)


def show(report: "Report", form: str | None, outputs: tuple[str, ...]) -> None:
    """Files first, then standard output: a verdict that stops the job leaves them behind.

    Raises: UnknownName for a format or a file ending that no format has.
    """
    from codeops.document import write

    for output in outputs:
        write(output, _render(report, form or _form_of(output)).encode())
    if form in {None, "text"} or outputs:
        load(SLOT, "text").show(report, colour=_is_terminal())
    else:
        click.echo(_render(report, form or "text"), nl=False)


def verdict_code(verdict: "Verdict", inconclusive: str = "inconclusive") -> int:
    """The exit code of a verdict; the configuration may fold an open one into pass or fail."""
    return _CODES[inconclusive if verdict == "inconclusive" else verdict.value]


@contextmanager
def progress_bar() -> "Generator[Callable[[Progress], None] | None]":
    """A progress bar on standard error when that is a terminal, nothing otherwise."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("measuring {task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("…", total=None)
        yield lambda progress: bar.update(task, description=progress.route, completed=progress.done, total=progress.total)


def _render(report: "Report", form: str) -> str:
    text: str = load(SLOT, form, needs=("SUFFIX", "render")).render(report)
    return text if text.endswith("\n") else text + "\n"


def _form_of(path: str) -> str:
    from codeops.core.errors import UnknownName

    suffixes = {load(SLOT, name, needs=("SUFFIX", "render")).SUFFIX: name for name in names(SLOT)}
    form = next((name for suffix, name in suffixes.items() if path.endswith(suffix)), None)
    if form is None:
        raise UnknownName(f"no format ends in {Path(path).suffix or path!r}", why=f"known are {', '.join(suffixes)}", fix="add --format")
    return form


def _is_terminal() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ

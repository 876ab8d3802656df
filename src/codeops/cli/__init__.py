"""The command line: one verb per file, found by its name and imported when it is called."""

import click

from codeops._version import __version__
from codeops.cli._group import LazyGroup

__all__ = ["codeops"]


@click.group(cls=LazyGroup, slot="codeops.cli", context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="codeops")
@click.option("--traceback", is_flag=True, help="Show Python's traceback for an unexpected error.")
def codeops(traceback: bool) -> None:
    """Measure, price, test and gate what code costs in the cloud.

    \b
    codeops init                      set a project up
    codeops bench --update-baseline   measure what each route costs today
    codeops gate                      fail when a change costs too much

    \b
    Exit codes: 0 pass, 1 a budget is broken, 2 CodeOps could not do its job, 3 inconclusive.
    """
    del traceback  # read by the entry point, which sees errors before click does

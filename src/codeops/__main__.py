"""The command's entry: every way to end becomes one of the exit codes 0, 1, 2, 3 (docs/exit-codes.md)."""

import sys
from collections.abc import Sequence

__all__ = ["main"]

COULD_NOT = 2
"""Exit code for everything that kept CodeOps from doing its job: 1 is kept for a broken budget."""


def main(arguments: Sequence[str] | None = None) -> None:
    """The whole command; ends the process."""
    sys.exit(_outcome(arguments))


def _outcome(arguments: Sequence[str] | None) -> int:
    import click

    from codeops.cli import codeops
    from codeops.core.errors import Bug, CodeOpsError, Interrupted

    try:
        result = codeops.main(args=None if arguments is None else list(arguments), prog_name="codeops", standalone_mode=False)
    except CodeOpsError as error:
        problem = error
    except click.ClickException as error:
        error.show()
        return COULD_NOT
    except (KeyboardInterrupt, click.Abort):
        problem = Interrupted("stopped before the end", why="Ctrl-C or a signal arrived", fix="start again; nothing was written")
    except BrokenPipeError:
        return _closed_pipe()
    except Exception as error:
        if "--traceback" in (sys.argv if arguments is None else arguments):
            raise
        problem = Bug(
            f"unexpected {type(error).__name__}", why=str(error), fix="report it with the output of the same command and --traceback"
        )
    else:
        return result if isinstance(result, int) else 0
    click.echo(problem.explain(), err=True)
    return COULD_NOT


def _closed_pipe() -> int:
    """Nobody reads our output any more (`codeops … | head`): no traceback, and not a pass."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return COULD_NOT


if __name__ == "__main__":
    main()

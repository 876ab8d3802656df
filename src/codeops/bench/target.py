"""What a suite names as `module:name`: how it is found, and how a failure in it is told."""

import inspect
import sys
from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from functools import reduce
from importlib import import_module
from types import TracebackType
from typing import Any

from codeops.core.errors import CodeOpsError, FailedCall, UnimportableTarget
from codeops.core.location import Location
from codeops.instrument import callsite

__all__ = ["BROKEN_IMPORT", "enter", "failure", "find", "place", "takes_argument"]

BROKEN_IMPORT = "import"
"""What an `UnimportableTarget` is about when the module is there, but importing it raised."""


def find(target: str, root: str) -> Any:
    """The object that `module:name` (or `module:object.attribute`) names.

    Raises: UnimportableTarget.
    """
    module_name, _, names = target.partition(":")
    try:
        module = import_module(module_name)
    except Exception as problem:
        raise _unimportable(target, module_name, problem, root) from problem
    try:
        return reduce(getattr, names.split("."), module)
    except AttributeError as problem:
        file = getattr(module, "__file__", None) or module_name
        raise UnimportableTarget(
            f"{target} does not exist",
            why=f"{file} was imported and has no {names or 'name: nothing stands after the colon'}",
            fix="write module:name, with a name that is defined at the top of the module",
        ) from problem


def _unimportable(target: str, module: str, problem: Exception, root: str) -> UnimportableTarget:
    if isinstance(problem, ModuleNotFoundError) and problem.name and (module == problem.name or module.startswith(problem.name + ".")):
        why = f"there is no module {problem.name} in {root}, nor in {', '.join(path for path in sys.path if path != root)}"
        return UnimportableTarget(f"{target} cannot be imported", why=why, fix="correct the name, or set python_path under [bench]")
    broken = UnimportableTarget(
        f"{target} cannot be imported",
        why=f"{type(problem).__name__}: {problem}",
        fix="make the import work: python -c 'import " + module + "' in the project's folder shows the same",
        location=place(problem.__traceback__, root),
    )
    broken.about = BROKEN_IMPORT
    return broken


def failure(what: str, problem: BaseException, root: str) -> CodeOpsError:
    """The error that tells what the user's code raised, and on which of its lines."""
    if isinstance(problem, CodeOpsError):
        return problem
    text = str(problem).strip().split("\n", 1)[0]
    return FailedCall(
        f"{what} raised {type(problem).__name__}",
        why=text or "it has no message",
        fix="make it work outside of the measurement first; what it needs can be started by setup under [bench]",
        location=place(problem.__traceback__, root),
    )


def place(trace: TracebackType | None, root: str) -> Location | None:
    """The innermost line of the user's code in a traceback."""
    found = None
    while trace is not None:
        file = callsite.relative(trace.tb_frame.f_code.co_filename, root)
        if file:
            found = Location(file, trace.tb_lineno)
        trace = trace.tb_next
    return found


def takes_argument(function: Callable[..., Any]) -> bool:
    """Whether `function` can be called with the number of the iteration."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return False
    positional = {inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.VAR_POSITIONAL}
    return any(parameter.kind in positional for parameter in parameters)


def enter(target: str, stack: ExitStack, root: str) -> None:
    """Enters a suite's setup: a context manager, a generator function, or a plain function.

    Raises: UnimportableTarget, FailedCall.
    """
    found = find(target, root)
    try:
        if inspect.isgeneratorfunction(found):
            found = contextmanager(found)
        made = found() if callable(found) else found
        if hasattr(made, "__enter__"):
            stack.enter_context(made)
    except Exception as problem:
        raise failure(f"setup {target}", problem, root) from problem

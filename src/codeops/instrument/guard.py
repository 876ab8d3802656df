"""Keeps every fault of ours out of the user's program, and still lets nobody miss it."""

import os
import sys
from collections.abc import Callable
from typing import Any

__all__ = ["complain", "guarded", "keeps_traces", "problems", "strict"]

strict: bool | None = None
"""Whether a fault is raised where it happens instead of being kept; None leaves it to CODEOPS_STRICT, and to pytest."""

keeps_traces = False
"""Set by what measures: a fault keeps its traceback, and with it alive everything that the program had in its hands then."""

problems: list[Exception] = []
"""The first fault of each cause, in order; what measures asks here whether its figures can be trusted."""

_causes: set[tuple[type[Exception], str, int, str]] = set()
_MOST = 100
"""How many causes are kept; past them a fault is no longer told."""


def guarded(function: Callable[..., object], *args: Any, **kwargs: Any) -> None:
    """Calls `function` for what it does; an exception in it is logged once per cause and goes no further."""
    try:
        function(*args, **kwargs)
    except Exception as problem:  # ruff: ignore[blind-except] - none may reach the program
        complain(problem)


def complain(problem: Exception) -> None:
    """Logs a fault once per cause; raises it in a test that pytest runs, and wherever CODEOPS_STRICT says so (1, or 0 for nowhere)."""
    if _is_strict():
        raise problem
    try:
        _tell(problem)
    except Exception:  # ruff: ignore[blind-except] - none may reach the program
        # The stack or the memory is at its end, or a handler that the program logs with fails: nobody is left to be told.
        return


def _is_strict() -> bool:
    wish = os.environ.get("CODEOPS_STRICT", "")
    if strict is not None or wish:
        return bool(strict or wish not in {"", "0"})
    return "pytest" in sys.modules and "PYTEST_CURRENT_TEST" in os.environ


def _tell(problem: Exception) -> None:
    trace = problem.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = (trace.tb_frame.f_code.co_filename, trace.tb_lineno) if trace else (str(problem), 0)
    cause = (type(problem), *place, str(getattr(problem, "about", "")))
    if cause in _causes or len(_causes) >= _MOST or sys.is_finalizing():
        return
    _causes.add(cause)
    problems.append(problem)
    try:
        _log(problem)
    finally:
        if not keeps_traces:
            problem.__traceback__ = problem.__context__ = problem.__cause__ = None


def _log(problem: Exception) -> None:
    import logging

    from codeops.core.errors import CodeOpsError

    logger = logging.getLogger("codeops")
    if isinstance(problem, CodeOpsError):
        logger.warning(
            "codeops left something out; the program is not affected. codeops doctor says what works here\n%s", problem.explain()
        )
    else:
        logger.warning("codeops could not count something; the program is not affected", exc_info=problem)

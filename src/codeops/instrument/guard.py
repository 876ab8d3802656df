"""Keeps every fault of ours out of the user's program, and still lets nobody miss it."""

from collections.abc import Callable
from typing import Any

__all__ = ["guarded", "problems", "strict"]

strict = False
"""Set by our own tests: a fault is raised where it happens instead of being kept."""

problems: list[Exception] = []
"""The first fault of each cause, in order; what measures asks here whether its figures can be trusted."""

_causes: set[tuple[type[Exception], str, int]] = set()


def guarded(function: Callable[..., object], *args: Any, **kwargs: Any) -> None:
    """Calls `function` for what it does; an exception in it is logged once per cause and goes no further."""
    try:
        function(*args, **kwargs)
    except Exception as problem:
        if strict:
            raise
        _keep(problem)


def _keep(problem: Exception) -> None:
    trace = problem.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    cause = (type(problem), trace.tb_frame.f_code.co_filename if trace else "", trace.tb_lineno if trace else 0)
    if cause in _causes:
        return
    _causes.add(cause)
    problems.append(problem)
    import logging

    logging.getLogger("codeops").warning("codeops could not count something; the program is not affected", exc_info=problem)

"""Which line of the user's code is responsible for what is happening now."""

import inspect
import os
import re
import sys
import sysconfig
import threading
from asyncio import Task, current_task
from collections.abc import Collection
from functools import lru_cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any
from weakref import WeakKeyDictionary

__all__ = ["Site", "find", "of_frame", "of_function", "relative", "set_task_origin", "set_thread_origin"]

Site = tuple[str, int, str]
"""File relative to the project's root with `/`, line counted from 1, qualified name of the function."""

_OURS = os.path.realpath(Path(__file__).parent.parent)
_STDLIB = os.path.realpath(sysconfig.get_path("stdlib"))
_INSTALLED = re.compile(r"[/\\](site|dist)-packages[/\\]")
_COMPREHENSION = re.compile(r"(\.<locals>)?\.<(listcomp|dictcomp|setcomp|genexpr)>")
_known: dict[str, dict[str, str]] = {}
"""What `relative` says of each file, by root: asking it for each frame would cost more than the rest."""

_DEEPEST = 80
"""Frames that are looked at in production; a client's own layers are fewer."""

_thread = threading.local()
_tasks: "WeakKeyDictionary[Task[Any], Site]" = WeakKeyDictionary()


def find(root: str | None, below: Collection[str] = ()) -> tuple[Site | None, bool]:
    """The innermost running line of a file under `root`, and whether a package of `below` was passed on the way.

    Where the stack holds no such line up to the event loop, or at all, the line that started the task or handed
    the work to the thread is taken, if it was noted (`set_task_origin`, `set_thread_origin`).
    Without a root no line is looked for, only whether a package of `below` is on the stack.
    """
    if root is None:
        return None, _is_covered(below)
    is_covered = False
    known = _known.setdefault(root, {})
    frame: FrameType | None = sys._getframe(1)  # ruff: ignore[private-member-access] - the one documented way to the frames
    while frame is not None:
        code = frame.f_code
        file = known.get(code.co_filename)
        if file is None:
            file = known[code.co_filename] = relative(code.co_filename, root)
        if file:
            return (file, frame.f_lineno, _name(code.co_qualname)), is_covered
        module = frame.f_globals.get("__name__") or ""
        if below and module.partition(".")[0] in below:
            is_covered = True
        if module == "asyncio.events" and (origin := _task_origin()):
            return origin, is_covered
        frame = frame.f_back or _outer_greenlet_frame(frame)
    return _task_origin() or getattr(_thread, "origin", None), is_covered


def _is_covered(below: Collection[str]) -> bool:
    """Whether a package of `below` called, through however many others."""
    if not any(package in sys.modules for package in below):
        return False
    frame: FrameType | None = sys._getframe(2)  # ruff: ignore[private-member-access]
    for _ in range(_DEEPEST):
        if frame is None:
            return False
        if (frame.f_globals.get("__name__") or "").partition(".")[0] in below:
            return True
        frame = frame.f_back
    return False


def of_frame(frame: FrameType | None, root: str) -> Site | None:
    """The innermost line of a file under `root` on a stack that ends with `frame`, of any thread; None if there is none."""
    known = _known.setdefault(root, {})
    stack = []
    while frame is not None:  # before anything that lets the other thread run on, and its frames end
        stack.append((frame.f_code, frame.f_lineno))
        frame = frame.f_back
    for code, line in stack:
        file = known.get(code.co_filename)
        if file is None:
            file = known[code.co_filename] = relative(code.co_filename, root)
        if file:
            return file, line, _name(code.co_qualname)
    return None


def of_function(function: Any, root: str) -> Site | None:
    """Where a function of the user's own is defined, its decorators included; None for any other object."""
    code = getattr(inspect.unwrap(function), "__code__", None) if callable(function) else None
    return _of_code(code, root) if code is not None else None


@lru_cache(maxsize=1024)
def _of_code(code: CodeType, root: str) -> Site | None:
    file = relative(code.co_filename, root)
    return (file, code.co_firstlineno, _name(code.co_qualname)) if file else None


def set_thread_origin(site: Site | None) -> None:
    """Notes the line on whose behalf this thread works from now on; None for nobody's."""
    _thread.origin = site


def set_task_origin(task: "Task[Any]", site: Site) -> None:
    """Notes the line on whose behalf `task` runs."""
    _tasks[task] = site


def _name(qualified: str) -> str:
    """Without the comprehension that runs: since Python 3.12 most have no frame of their own."""
    return _COMPREHENSION.sub("", qualified) if qualified.endswith(">") else qualified


def _task_origin() -> Site | None:
    try:
        task = current_task()
    except RuntimeError:  # no loop runs in this thread
        return None
    return None if task is None else _tasks.get(task)


def _outer_greenlet_frame(frame: FrameType) -> FrameType | None:
    """Where the greenlet's parent waits: SQLAlchemy's asyncio layer runs the drivers in a greenlet of their own."""
    greenlet = sys.modules.get("greenlet")
    if greenlet is None or frame.f_globals.get("__name__", "").startswith("asyncio"):
        return None
    parent = greenlet.getcurrent().parent
    outer: FrameType | None = parent.gr_frame if parent is not None else None
    return outer


def relative(file: str, root: str) -> str:
    """The path relative to `root` of a file that is the user's own; empty for any other."""
    if file.startswith("<"):
        return ""
    path = os.path.realpath(file)
    inside = path.startswith(root.rstrip(os.sep) + os.sep)
    if not inside or _INSTALLED.search(path) or path.startswith((_OURS + os.sep, _STDLIB + os.sep)):
        return ""
    return os.path.relpath(path, root).replace(os.sep, "/")

"""Tasks of asyncio: each remembers the line of the user's code that started it."""

from asyncio import AbstractEventLoop, Task
from collections.abc import Coroutine, Generator
from typing import Any

from codeops.instrument import callsite
from codeops.instrument.recorder import current

__all__ = ["task_factory"]


def task_factory(loop: AbstractEventLoop, coroutine: Coroutine[Any, Any, Any] | Generator[Any, None, Any], **options: Any) -> "Task[Any]":
    """A task factory for event loops of ours, which notes the line of the user's code that starts each task."""
    task = Task(coroutine, loop=loop, **options)
    tally = current()
    if tally is not None and (site := callsite.find(tally.root)[0]):
        callsite.set_task_origin(task, site)
    return task

"""A greenlet of gevent or eventlet is switched to: its context names the owner; the hub in between is an event loop.

Hooked once one of the two is imported: greenlets of others, such as SQLAlchemy's, stay within one owner.
`greenlet.settrace` holds for one thread and has room for one function, which calls the one that was there. A thread is
followed from its first hub on; one that had a hub before `install`, and is not the thread that installs, is not.
Everything in a hub's thread that no span owns is in the bucket `unattributed.loop`. A greenlet begins with an empty
context, so like a thread it inherits no owner.
"""

import sys
from collections.abc import Callable
from typing import Any
from weakref import WeakSet

from codeops.instrument import imports
from codeops.instrument.guard import complain, guarded
from codeops.instrument.patch import Hooks, Live

__all__ = ["install", "uninstall"]

_hooks = Hooks()
_keeper: Any = None
_traces: "WeakSet[Callable[..., Any]]" = WeakSet()
"""Our trace functions, one for each thread that is followed."""


def install(keeper: Any) -> None:
    """Follows every thread that gets a hub, and this one if it has one."""
    global _keeper  # ruff: ignore[global-statement] - one process has one ledger
    _keeper = keeper
    for module, hook in _MODULES.items():
        imports.when_imported(module, hook)


def uninstall() -> None:
    """Follows nothing any more; in other threads our function only passes calls on, until it can take itself out."""
    global _keeper  # ruff: ignore[global-statement]
    for module, hook in _MODULES.items():
        imports.forget(module, hook)
    _hooks.undo()
    if _keeper is not None and _leave_thread():
        _keeper.mark_loop(0)
    _keeper = None


def _hook_gevent() -> None:
    _hooks.wrap(sys.modules["gevent.hub"].Hub, "__init__", _making_hub)
    if sys.modules["gevent._hub_local"].get_hub_if_exists() is not None:
        _follow_thread()


def _hook_eventlet() -> None:
    _hooks.wrap(sys.modules["eventlet.hubs.hub"].BaseHub, "__init__", _making_hub)
    if getattr(sys.modules["eventlet.hubs"]._threadlocal, "hub", None) is not None:
        _follow_thread()


_MODULES = {"gevent.hub": _hook_gevent, "eventlet.hubs.hub": _hook_eventlet}


def _making_hub(original: Callable[..., Any], _live: Live) -> Callable[..., Any]:
    def made(self: Any, *args: Any, **options: Any) -> None:
        original(self, *args, **options)
        if _keeper is not None:
            guarded(_follow_thread)

    return made


def _follow_thread() -> None:
    greenlet = sys.modules["greenlet"]
    before = greenlet.gettrace()
    if before not in _traces:
        greenlet.settrace(_traced(before))
    _keeper.mark_loop(1)


def _leave_thread() -> bool:
    """Puts back what traced this thread before, if ours is what traces it now; whether it was."""
    greenlet = sys.modules.get("greenlet")
    if greenlet is None:
        return False
    trace = greenlet.gettrace()
    if trace not in _traces:
        return False
    greenlet.settrace(trace.__wrapped__)
    return True


def _traced(before: Callable[..., Any] | None) -> Callable[..., Any]:
    def trace(event: str, args: Any) -> Any:
        keeper = _keeper
        try:
            if keeper is None:
                _leave_thread()
            else:
                keeper.resync()
        except Exception as problem:
            complain(problem)
        return before(event, args) if before is not None else None

    trace.__wrapped__ = before  # type: ignore[attr-defined] # found again when it is taken out
    _traces.add(trace)
    return trace

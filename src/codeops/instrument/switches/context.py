"""A span is made current, or is current no longer: OpenTelemetry attaches or detaches a context.

The runtime context of OpenTelemetry's API is replaced by one that delegates to it. `attach` and `detach` read that
module global at each call, so that code which imported them earlier is followed too. Its name is private (seen in API
1.30 to 1.45), which is why it is tried out first; where the API does not ask it, the two functions themselves are
wrapped, and code that imported them before is not followed.
asyncio copies contexts without attaching them; what follows tasks is in `asyncio.py`.
"""

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from opentelemetry import context as api
from opentelemetry.context import Context

from codeops.core.errors import UnsupportedLedger
from codeops.instrument import tenant
from codeops.instrument.guard import complain
from codeops.instrument.patch import Hooks, Live
from codeops.instrument.tracing.native import follow_contexts
from codeops.instrument.tracing.ownership import owner_in

if TYPE_CHECKING:
    from contextvars import Token

__all__ = ["install", "uninstall"]

_GLOBAL = "_RUNTIME_CONTEXT"


class _Followed:
    """A runtime context that tells the ledger of every change; the ledger in C has its own."""

    def __init__(self, inner: Any, keeper: Any) -> None:
        self.inner = inner
        self.get_current = inner.get_current  # no detour for what is asked most often
        self._attach, self._detach = inner.attach, inner.detach
        self.is_followed = True
        self._enter = keeper.enter

    def attach(self, context: Context) -> "Token[Context]":
        """Attaches, and makes the owner of the context's span the owner of this thread."""
        if not self.is_followed:
            return self._attach(context)  # type: ignore[no-any-return]
        try:
            context = tenant.carried(context)
        except Exception as problem:
            complain(problem)
        token: Token[Context] = self._attach(context)
        try:
            self._enter(owner_in(context))
        except Exception as problem:
            complain(problem)
        return token

    def detach(self, token: "Token[Context]") -> None:
        """Detaches, and goes back to the owner of the span that is current now."""
        self._detach(token)
        if not self.is_followed:
            return
        try:
            self._enter(owner_in(self.get_current()))
        except Exception as problem:
            complain(problem)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


class _Probe:
    """Stands in for a runtime context, to see whether the API asks it."""

    def __init__(self, inner: Any) -> None:
        self.inner, self.asked = inner, 0

    def attach(self, context: Context) -> Any:
        self.asked += 1
        return self.inner.attach(context)

    def detach(self, token: Any) -> None:
        self.asked += 1
        self.inner.detach(token)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


_followed: Any = None
_hooks = Hooks()


def install(keeper: Any) -> None:
    """Follows every attach and detach."""
    global _followed  # ruff: ignore[global-statement] - the API has one runtime context
    if _followed is not None:
        return
    if _is_asked():
        _followed = _made(vars(api)[_GLOBAL], keeper)
        setattr(api, _GLOBAL, _followed)
        return
    _followed = _made(api, keeper)
    _hooks.wrap(api, "attach", _passing_to(_followed.attach))
    _hooks.wrap(api, "detach", _passing_to(_followed.detach))
    complain(
        UnsupportedLedger(
            "spans that become current may not be followed",
            why=f"this version of opentelemetry-api does not ask its {_GLOBAL}; code that imported attach before is missed",
            fix="report it with the version of opentelemetry-api, and call codeops.instrument() before other imports",
        )
    )


def uninstall() -> None:
    """Puts the API's own runtime context back, unless somebody else's sits on top of ours."""
    global _followed
    ours, _followed = _followed, None
    if ours is None:
        return
    inner = ours.inner
    ours.is_followed = False  # it may stay below another one
    _hooks.undo()
    if vars(api).get(_GLOBAL) is ours:
        setattr(api, _GLOBAL, inner)


def _made(inner: Any, keeper: Any) -> Any:
    return follow_contexts(inner, keeper) or _Followed(inner, keeper)


def _is_asked() -> bool:
    """Whether what stands in the API's module global is what `attach` and `detach` go to."""
    api.detach(api.attach(api.get_current()))  # an API may make its runtime context with the first use
    inner = vars(api).get(_GLOBAL)
    if inner is None:
        return False
    probe = _Probe(inner)
    setattr(api, _GLOBAL, probe)
    try:
        api.detach(api.attach(api.get_current()))
    finally:
        setattr(api, _GLOBAL, inner)
    return probe.asked >= 2


def _passing_to(function: Callable[..., Any]) -> Callable[[Callable[..., Any], Live], Callable[..., Any]]:
    def made(_original: Callable[..., Any], _live: Live) -> Callable[..., Any]:
        return functools.partial(function)

    return made

"""A span is made current, or is current no longer: OpenTelemetry attaches or detaches a context.

The runtime context of OpenTelemetry's API is replaced by one that delegates to it. `attach` and `detach` read that
module global at each call, so that code which imported them earlier is followed too; the name is private (seen in
API 1.30 to 1.45), which is why `install` tries it out before it relies on it.
asyncio copies contexts without attaching them; what follows tasks is in `asyncio.py`.
"""

from contextvars import Token
from typing import Any

from opentelemetry import context as api
from opentelemetry.context import Context

from codeops.core.errors import UnsupportedLedger
from codeops.instrument import tenant
from codeops.instrument.guard import complain
from codeops.instrument.tracing.native import follow_contexts
from codeops.instrument.tracing.ownership import owner_in

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


_followed: Any = None


def install(keeper: Any) -> None:
    """Follows every attach and detach.

    Raises: UnsupportedLedger when this version of the API keeps its runtime context elsewhere.
    """
    global _followed  # ruff: ignore[global-statement] - the API has one runtime context
    if _followed is not None:
        return
    token = api.attach(api.Context())  # the API makes its runtime context with the first use
    api.detach(token)
    inner = vars(api).get(_GLOBAL)
    if inner is None:
        raise UnsupportedLedger(
            "spans that become current cannot be followed",
            why=f"this version of opentelemetry-api has no {_GLOBAL}",
            fix="report it with the version of opentelemetry-api; until then CPU is not attributed",
        )
    _followed = follow_contexts(inner, keeper) or _Followed(inner, keeper)
    setattr(api, _GLOBAL, _followed)


def uninstall() -> None:
    """Puts the API's own runtime context back, unless somebody else's sits on top of ours."""
    global _followed  # ruff: ignore[global-statement]
    if _followed is not None and vars(api).get(_GLOBAL) is _followed:
        setattr(api, _GLOBAL, _followed.inner)
    if _followed is not None:
        _followed.is_followed = False  # it may stay below another one
    _followed = None


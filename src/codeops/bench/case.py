"""A case of a suite made ready: one function that makes one request or call, whatever kind it is."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from codeops.bench import asgi, wsgi
from codeops.bench.answer import Answer
from codeops.bench.target import find, takes_argument
from codeops.core.errors import UnimportableTarget
from codeops.core.meter import EGRESS, unit_of
from codeops.core.suite import FunctionCase, RequestCase
from codeops.instrument import callsite
from codeops.instrument.recorder import Tally

__all__ = ["Ready", "is_asgi", "load_app", "ready_function", "ready_request"]

_EGRESS_LINE = (EGRESS, unit_of(EGRESS), ())


@dataclass(frozen=True, slots=True)
class Ready:
    """How to make the request or call number `n`: `call(n, tally)`, to be awaited if `is_async`; `what` names it."""

    what: str
    call: Callable[[int, Tally], Any]
    is_async: bool


def load_app(target: str, root: str) -> Any:
    """The application that `module:name` names; `module:name()`, or a function without parameters, is called to make it.

    Raises: UnimportableTarget.
    """
    found = find(target.removesuffix("()"), root)
    is_factory = target.endswith("()") or (inspect.isfunction(found) and not inspect.signature(found).parameters)
    if is_factory and callable(found):
        found = found()
    if not callable(found):
        raise UnimportableTarget(
            f"{target} is not an application",
            why=f"it is a {type(found).__name__}, which cannot be called",
            fix="name an ASGI or WSGI application, or a function without parameters that makes one",
        )
    return found


def is_asgi(app: Any) -> bool:
    """Whether an application speaks ASGI 3; anything else callable is taken for WSGI."""
    return inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(getattr(app, "__call__", None))  # ruff: ignore[unreliable-callable-check]


def ready_request(case: RequestCase, app: Any, state: Mapping[str, Any]) -> Ready:
    """A request to `app`, whose lifespan left `state`."""
    what = f"{case.method.upper()} {case.path}"

    async def call_asgi(_number: int, tally: Tally) -> None:
        answer = Answer()
        endpoint = await asgi.call(app, case, state, answer)
        tally.add(_EGRESS_LINE, answer.sent_bytes, callsite.of_function(endpoint, tally.root))
        answer.demand(case)

    def call_wsgi(_number: int, tally: Tally) -> None:
        answer = Answer()
        wsgi.call(app, case, answer)
        tally.add(_EGRESS_LINE, answer.sent_bytes)
        answer.demand(case)

    return Ready(what, call_asgi, is_async=True) if is_asgi(app) else Ready(what, call_wsgi, is_async=False)


def ready_function(case: FunctionCase, root: str) -> Ready:
    """A call of the function that the case names.

    Raises: UnimportableTarget.
    """
    function = find(case.call, root)
    if not callable(function):
        raise UnimportableTarget(
            f"{case.call} is not a function", why=f"it is a {type(function).__name__}", fix="name a function, sync or async"
        )
    takes_number = takes_argument(function)

    def call(number: int, _tally: Tally) -> Any:
        return function(number) if takes_number else function()

    return Ready(case.call, call, is_async=inspect.iscoroutinefunction(function))

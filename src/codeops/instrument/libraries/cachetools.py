"""Look-ups in the caches of cachetools, by its decorators and by `get`: found or not, for the request's label `cache_hit`.

A look-up in memory is not billed, so no meter counts it. Functions decorated before the hooks were installed are not seen.
"""

import functools
from collections.abc import Callable
from typing import Any

from codeops.core.attribute import CACHE_HIT
from codeops.instrument.guard import guarded
from codeops.instrument.patch import Hooks, Live
from codeops.instrument.recorder import lookup

__all__ = ["LABELS", "METERS", "MODULE", "VERSIONS", "install", "uninstall"]

MODULE = "cachetools"

METERS: dict[str, tuple[str, str]] = {}

LABELS = {CACHE_HIT: "whether each look-up by `cached`, `cachedmethod` and `Cache.get` found its key"}

VERSIONS = "cachetools 5.3 to 8.0"

_MISSING = object()
_hooks = Hooks()


def install() -> None:
    """Hooks the decorators and the caches' `get`."""
    import cachetools.keys

    _hooks.wrap(cachetools, "cached", functools.partial(_deciding, cachetools.keys.hashkey))
    _hooks.wrap(cachetools, "cachedmethod", functools.partial(_deciding, cachetools.keys.methodkey))
    _hooks.wrap(cachetools.Cache, "get", _getting)


def uninstall() -> None:
    """Takes the hooks out; what they decorated meanwhile stays decorated and tells nothing any more."""
    _hooks.undo()


def _deciding(default_key: Callable[..., Any], original: Callable[..., Any], live: Live) -> Callable[..., Any]:
    """A decorator asks for the key at each call, and calls the function when the cache does not hold it."""

    def decorated(cache: Any, key: Callable[..., Any] = default_key, *args: Any, **kwargs: Any) -> Any:
        decorate = original(cache, _telling(key, live, is_hit=True), *args, **kwargs)
        return lambda function: decorate(_telling(function, live, is_hit=False))

    return decorated


def _telling(function: Any, live: Live, *, is_hit: bool) -> Any:
    """`function`, which tells of a look-up when it is called; a miss, told after a hit, outweighs it."""

    @functools.wraps(function)
    def told(*args: Any, **kwargs: Any) -> Any:
        if live() is not None:
            guarded(lookup, is_hit)
        return function(*args, **kwargs)

    return told


def _getting(original: Callable[..., Any], live: Live) -> Callable[..., Any]:
    def get(self: Any, key: Any, default: Any = None) -> Any:
        if live() is None:
            return original(self, key, default)
        found = original(self, key, _MISSING)
        guarded(lookup, found is not _MISSING)
        return default if found is _MISSING else found

    return get

"""Look-ups in Django's caches, with any backend: found or not, for the request's label `cache_hit`.

What a backend consumes is counted where it consumes it: commands by redis, statements by django. No meter counts a look-up.
"""

from collections.abc import Callable
from typing import Any

from codeops.core.attribute import CACHE_HIT
from codeops.instrument.guard import guarded
from codeops.instrument.patch import Hooks, Live
from codeops.instrument.recorder import lookup

__all__ = ["LABELS", "METERS", "MODULE", "VERSIONS", "install", "uninstall"]

MODULE = "django.core.cache"

METERS: dict[str, tuple[str, str]] = {}

LABELS = {CACHE_HIT: "whether each key that `get`, `get_many` and what is built on them asked for was there"}

VERSIONS = "Django 4.2 to 6.1"

_MISSING = object()
_hooks = Hooks()


def install() -> None:
    """Hooks the class of each backend when the first cache of it is made, and of those that are there already."""
    from django.conf import settings  # type: ignore[import-untyped, unused-ignore]
    from django.core.cache import CacheHandler, caches  # type: ignore[import-untyped, unused-ignore]

    _hooks.wrap(CacheHandler, "create_connection", _connecting)
    for cache in caches.all(initialized_only=True) if settings.configured else ():  # others import Django without using it
        guarded(_hook, type(cache))


def uninstall() -> None:
    """Takes the hooks out."""
    _hooks.undo()


def _connecting(original: Callable[..., Any], _live: Live) -> Callable[..., Any]:
    def create_connection(self: Any, alias: str) -> Any:
        cache = original(self, alias)
        if _hooks.is_installed:
            guarded(_hook, type(cache))
        return cache

    return create_connection


def _hook(backend: type) -> None:
    """Hooks the class that defines each method, so that a backend that extends another one counts once."""
    for name, make in (("get", _getting), ("get_many", _getting_many)):
        owner = next((parent for parent in backend.__mro__ if name in vars(parent)), None)
        if owner is not None:
            _hooks.wrap(owner, name, make)


def _getting(original: Callable[..., Any], live: Live) -> Callable[..., Any]:
    def get(self: Any, key: Any, default: Any = None, *args: Any, **kwargs: Any) -> Any:
        if live() is None:
            return original(self, key, default, *args, **kwargs)
        found = original(self, key, _MISSING, *args, **kwargs)
        guarded(lookup, found is not _MISSING)
        return default if found is _MISSING else found

    return get


def _getting_many(original: Callable[..., Any], live: Live) -> Callable[..., Any]:
    def many(self: Any, keys: Any, *args: Any, **kwargs: Any) -> Any:
        if live() is None:
            return original(self, keys, *args, **kwargs)
        keys = list(keys)
        found = original(self, keys, *args, **kwargs)
        guarded(lambda: lookup(len(found) >= len(set(keys))))
        return found

    return many

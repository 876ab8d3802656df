"""SQL statements run by the standard library's sqlite3, unless SQLAlchemy or Django counts them above it.

Its classes are written in C and cannot be changed, so `connect` hands out connections and cursors of a subclass.
"""

import sqlite3
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from codeops.instrument.guard import guarded
from codeops.instrument.patch import Hooks, Live
from codeops.instrument.recorder import count, current

__all__ = ["METERS", "MODULE", "VERSIONS", "install", "uninstall"]

MODULE = "sqlite3"

METERS = {
    "db.query": ("{query}", "statements run by execute, executemany (one) and executescript (each); implicit BEGIN and COMMIT are not")
}

VERSIONS = "Python 3.11 to 3.14"

_ABOVE = frozenset({"sqlalchemy", "django"})
_hooks = Hooks()


def install() -> None:
    """Hooks `connect`, in both modules that offer it; connections that exist already are not counted."""
    for module in (sqlite3, sqlite3.dbapi2):
        _hooks.wrap(module, "connect", _connecting)


def uninstall() -> None:
    """Takes the hook out; connections made meanwhile keep their subclass, which then only passes calls on."""
    _hooks.undo()


def _connecting(original: Callable[..., Any], _live: Live) -> Callable[..., Any]:
    def connect(*args: Any, **kwargs: Any) -> Any:
        # `factory` is the sixth argument, after database, timeout, detect_types, isolation_level and check_same_thread.
        if len(args) > 5:
            return original(*args[:5], _connection_class(args[5]), *args[6:], **kwargs)
        return original(*args, **{**kwargs, "factory": _connection_class(kwargs.get("factory", sqlite3.Connection))})

    return connect


def _note(statements: int = 1) -> None:
    if _hooks.is_installed and current() is not None:
        guarded(count, "db.query", statements, below=_ABOVE)


@lru_cache(maxsize=64)
def _connection_class(factory: Any) -> Any:
    if not isinstance(factory, type):
        return factory  # a function that makes connections: its own calls of connect are seen, or nothing is

    class Connection(factory):  # type: ignore[misc]
        def cursor(self, factory: Any = sqlite3.Cursor) -> Any:
            return super().cursor(_cursor_class(factory))

        # The three below are short for a new cursor and its method; those in C make one behind our back.
        def execute(self, *args: Any) -> Any:
            return self.cursor().execute(*args)

        def executemany(self, *args: Any) -> Any:
            return self.cursor().executemany(*args)

        def executescript(self, *args: Any) -> Any:
            return self.cursor().executescript(*args)

    return _named_like(Connection, factory)


@lru_cache(maxsize=64)
def _cursor_class(factory: Any) -> Any:
    if not isinstance(factory, type):
        return factory

    class Cursor(factory):  # type: ignore[misc]
        def execute(self, *args: Any) -> Any:
            _note()
            return super().execute(*args)

        def executemany(self, *args: Any) -> Any:
            _note()
            return super().executemany(*args)

        def executescript(self, *args: Any) -> Any:
            if current() is not None and args and isinstance(args[0], str):
                _note(_statements(args[0]))
            return super().executescript(*args)

    return _named_like(Cursor, factory)


def _named_like(made: type, factory: type) -> type:
    made.__name__, made.__qualname__, made.__module__, made.__doc__ = (
        factory.__name__,
        factory.__qualname__,
        factory.__module__,
        factory.__doc__,
    )
    return made


def _statements(script: str) -> int:
    """How many statements a script holds, by sqlite's own idea of where one ends.

    Example:
        >>> _statements("create table t (a); insert into t values (';'); -- done")
        2
    """
    found, pending = 0, ""
    for piece in script.split(";")[:-1]:
        pending += piece + ";"
        if sqlite3.complete_statement(pending):
            found, pending = found + 1, ""
    return found

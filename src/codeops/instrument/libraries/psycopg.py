"""SQL statements sent by psycopg 3, unless SQLAlchemy or Django counts them above it."""

from codeops.instrument.patch import Hooks
from codeops.instrument.recorder import count

__all__ = ["METERS", "MODULE", "VERSIONS", "install", "uninstall"]

MODULE = "psycopg"

METERS = {"db.query": ("{query}", "statements sent by execute, executemany (one), stream and copy; BEGIN and COMMIT are not counted")}

VERSIONS = "psycopg 3.1 to 3.3, sync and asyncio, client and server cursors"

_ABOVE = frozenset({"sqlalchemy", "django"})
_hooks = Hooks()


def install() -> None:
    """Hooks the cursor classes that send."""
    import psycopg

    for cursor in (psycopg.Cursor, psycopg.AsyncCursor):
        for name in ("execute", "executemany", "stream", "copy"):
            _hooks.before(cursor, name, _note)
    for cursor in (psycopg.ServerCursor, psycopg.AsyncServerCursor):
        for name in ("execute", "executemany"):
            _hooks.before(cursor, name, _note)


def uninstall() -> None:
    """Takes the hooks out."""
    _hooks.undo()


def _note(*_: object, **__: object) -> None:
    count("db.query", 1, below=_ABOVE)

"""SQL statements sent by asyncpg, unless SQLAlchemy counts them above it.

What the library sends for itself is not counted: BEGIN, COMMIT and their kin, and the reset of a connection on its
way back to the pool.
"""

import re

from codeops.instrument.patch import Hooks
from codeops.instrument.recorder import count

__all__ = ["METERS", "MODULE", "VERSIONS", "install", "uninstall"]

MODULE = "asyncpg"

METERS = {
    "db.query": (
        "{query}",
        "statements sent by execute, executemany (one), fetch and its kin, cursors (one) and copies; not what opens and ends a transaction",
    )
}

VERSIONS = "asyncpg 0.29 to 0.32, pools included"

_ABOVE = frozenset({"sqlalchemy", "django"})
_SENDING = ("execute", "executemany", "fetch", "fetchval", "fetchrow", "fetchmany")
_COPYING = ("copy_from_table", "copy_from_query", "copy_to_table", "copy_records_to_table")
_TRANSACTION = re.compile(r"(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE)\b[^;]*;?")
_hooks = Hooks()


def install() -> None:
    """Hooks connections, prepared statements and cursors."""
    from asyncpg.connection import Connection  # type: ignore[import-untyped, unused-ignore]
    from asyncpg.cursor import BaseCursor  # type: ignore[import-untyped, unused-ignore]
    from asyncpg.prepared_stmt import PreparedStatement  # type: ignore[import-untyped, unused-ignore]

    for name in (*_SENDING, *_COPYING):
        if hasattr(Connection, name):
            _hooks.before(Connection, name, _note_text)
    for name in _SENDING:
        if hasattr(PreparedStatement, name):
            _hooks.before(PreparedStatement, name, _note)
    for name in ("_bind_exec", "_bind"):
        _hooks.before(BaseCursor, name, _note)


def uninstall() -> None:
    """Takes the hooks out."""
    _hooks.undo()


def _note_text(connection: object, query: object = "", *_: object, **__: object) -> None:
    is_reset = query is not None and query is getattr(connection, "_reset_query", None)
    if not (is_reset or (isinstance(query, str) and _TRANSACTION.fullmatch(query))):
        _note()


def _note(*_: object, **__: object) -> None:
    count("db.query", 1, below=_ABOVE)

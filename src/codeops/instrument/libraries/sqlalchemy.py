"""SQL statements that SQLAlchemy sends, with any driver, through its public engine events."""

from typing import Any

from codeops.instrument.guard import guarded
from codeops.instrument.recorder import count, current

__all__ = ["METERS", "MODULE", "VERSIONS", "install", "uninstall"]

MODULE = "sqlalchemy.engine"

METERS = {"db.query": ("{query}", "statements sent; an executemany, or each batch that SQLAlchemy makes of one, is one statement")}

VERSIONS = "SQLAlchemy 1.4 to 2.1, sync and asyncio"


def install() -> None:
    """Listens to all engines, present and future."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    if not event.contains(Engine, "before_cursor_execute", _before_cursor_execute):
        event.listen(Engine, "before_cursor_execute", _before_cursor_execute)


def uninstall() -> None:
    """Listens no more."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    if event.contains(Engine, "before_cursor_execute", _before_cursor_execute):
        event.remove(Engine, "before_cursor_execute", _before_cursor_execute)


def _before_cursor_execute(*_: Any) -> None:
    if current() is not None:
        guarded(count, "db.query", 1)

"""SQL statements that Django's database layer sends, with any driver."""

from codeops.instrument.patch import Hooks
from codeops.instrument.recorder import count

__all__ = ["METERS", "MODULE", "VERSIONS", "install", "uninstall"]

MODULE = "django.db.backends.utils"

METERS = {"db.query": ("{query}", "statements sent; an executemany is one statement")}

VERSIONS = "Django 4.2 to 6.1"

_hooks = Hooks()


def install() -> None:
    """Hooks the cursor that all of Django's database code goes through."""
    from django.db.backends.utils import CursorWrapper  # type: ignore[import-untyped, unused-ignore]

    for name in ("execute", "executemany", "callproc"):
        _hooks.before(CursorWrapper, name, _note)


def uninstall() -> None:
    """Takes the hooks out."""
    _hooks.undo()


def _note(*_: object, **__: object) -> None:
    count("db.query", 1)

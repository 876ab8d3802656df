"""CodeOps: cloud cost as a signal that developers measure, test, review and gate."""

from typing import TYPE_CHECKING, Any

from codeops._version import __version__

if TYPE_CHECKING:
    from codeops.instrument import record

__all__ = ["__version__", "record"]


def __getattr__(name: str) -> Any:
    """Public names, imported when they are first used: `import codeops` itself stays free."""
    if name == "record":
        from codeops.instrument import record

        return record
    message = f"module 'codeops' has no attribute {name!r}"
    raise AttributeError(message)

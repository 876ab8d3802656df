"""CodeOps: cloud cost as a signal that developers measure, test, review and gate."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from codeops._version import __version__

if TYPE_CHECKING:
    from codeops.instrument import instrument, record, uninstrument
    from codeops.instrument.spans import bind, collect, job, span
    from codeops.instrument.tenant import Tenant

__all__ = ["Tenant", "__version__", "bind", "collect", "instrument", "job", "record", "span", "uninstrument"]


def __getattr__(name: str) -> Any:
    """Public names, imported when they are first used: `import codeops` itself stays free."""
    if name == "instrument":
        return import_module("codeops.instrument")  # the package of that name, which can be called
    for home in ("codeops.instrument", "codeops.instrument.spans", "codeops.instrument.tenant") if name in __all__ else ():
        found = vars(import_module(home))
        # All that is there, once: a finalizer that runs as the interpreter ends can import nothing any more.
        globals().update({public: found[public] for public in __all__ if public in found and public != "instrument"})
        if name in globals():
            return globals()[name]
    message = f"module 'codeops' has no attribute {name!r}"
    raise AttributeError(message)

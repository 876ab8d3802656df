"""Which client libraries are being counted."""

from collections.abc import Iterable
from types import ModuleType

__all__ = ["SLOT", "install", "installed", "uninstall"]

SLOT = "codeops.instrument.libraries"
"""The package, and the entry-point group, whose members are the libraries that can be counted."""

_NEEDS = ("MODULE", "METERS", "VERSIONS", "install", "uninstall")
_installed: dict[str, ModuleType] = {}


def install(libraries: Iterable[str] | None = None) -> tuple[str, ...]:
    """Counts calls of every known library that is installed here, or of those named; all names being counted, sorted.

    A library that is not loaded yet is hooked when the program imports it.

    Raises: UnknownName for a name that no file and no plug-in has.
    """
    from codeops import discovery
    from codeops.instrument import imports, threads

    threads.install()
    for name in discovery.names(SLOT) if libraries is None else libraries:
        if name in _installed:
            continue
        library = discovery.load(SLOT, name, needs=_NEEDS)
        if imports.is_installed(library.MODULE):
            _installed[name] = library
            imports.when_imported(library.MODULE, library.install)
    return installed()


def installed() -> tuple[str, ...]:
    """The libraries being counted, sorted."""
    return tuple(sorted(_installed))


def uninstall() -> None:
    """Puts back everything that `install` replaced."""
    from codeops.instrument import imports, threads

    while _installed:
        _, library = _installed.popitem()
        imports.forget(library.MODULE)
        library.uninstall()
    threads.uninstall()

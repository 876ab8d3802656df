"""Which client libraries and web frameworks are hooked, and for whom: a benchmark, a running service, or both at once."""

from collections.abc import Iterable
from types import ModuleType

__all__ = ["LIBRARIES", "SERVERS", "SLOT", "install", "install_servers", "installed", "uninstall"]

LIBRARIES = SLOT = "codeops.instrument.libraries"
"""The package, and the entry-point group, whose members are the client libraries that can be counted."""

SERVERS = "codeops.instrument.servers"
"""The same for web frameworks: where requests come in and responses leave."""

_NEEDS = {LIBRARIES: ("MODULE", "METERS", "VERSIONS", "install", "uninstall"), SERVERS: ("MODULE", "install", "uninstall")}
_BENCHMARK = "benchmark"
_installed: dict[tuple[str, str], ModuleType] = {}
_holders: dict[tuple[str, str], set[str]] = {}


def install(libraries: Iterable[str] | None = None, *, holder: str = _BENCHMARK) -> tuple[str, ...]:
    """Counts calls of every known library that is installed here, or of those named; all names being counted, sorted.

    A library that is not loaded yet is hooked when the program imports it. It stays hooked until every `holder` that
    asked for it has called `uninstall`.

    Raises: UnknownName for a name that no file and no plug-in has; in a running service that is told, and the others are counted.
    """
    from codeops.instrument import guard, threads

    if holder == _BENCHMARK:
        threads.install()
        guard.keeps_traces = True
    _install(LIBRARIES, libraries, holder)
    return installed()


def install_servers(*, holder: str) -> None:
    """Counts what every known web framework that is installed here sends: a benchmark does that itself."""
    _install(SERVERS, None, holder)


def installed() -> tuple[str, ...]:
    """The libraries being counted, sorted."""
    return tuple(sorted(name for slot, name in _installed if slot == LIBRARIES))


def uninstall(*, holder: str = _BENCHMARK) -> None:
    """Puts back everything that was replaced for `holder` and for nobody else."""
    from codeops.instrument import guard, imports, threads

    for key, holders in list(_holders.items()):
        holders.discard(holder)
        if holders:
            continue
        del _holders[key]
        member = _installed.pop(key)
        if not imports.forget(member.MODULE, member.install):
            guard.guarded(member.uninstall)  # else there is nothing to take out, and a library would be loaded to look
    if holder == _BENCHMARK:
        threads.uninstall()
        guard.keeps_traces = False


def _install(slot: str, names: Iterable[str] | None, holder: str) -> None:
    from codeops import discovery
    from codeops.instrument.guard import guarded

    for name in discovery.names(slot) if names is None else names:
        if holder == _BENCHMARK:
            _add(slot, name, holder)
        else:
            guarded(_add, slot, name, holder)  # one broken plug-in takes no other one with it


def _add(slot: str, name: str, holder: str) -> None:
    from codeops import discovery
    from codeops.instrument import imports

    key = (slot, name)
    if key not in _installed:
        member = discovery.load(slot, name, needs=_NEEDS[slot])
        if not imports.is_installed(member.MODULE):
            return
        _installed[key] = member
        imports.when_imported(member.MODULE, member.install)
    _holders.setdefault(key, set()).add(holder)

"""Acts as soon as a module has been imported, so that no library is loaded only to be counted."""

import sys
import threading
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType

from codeops.instrument.guard import guarded

__all__ = ["forget", "is_installed", "when_imported"]

_waiting: dict[str, list[Callable[[], None]]] = {}


def when_imported(module: str, act: Callable[[], None]) -> None:
    """Calls `act` now if `module` is loaded, else right after its first import."""
    if module in sys.modules:
        guarded(act)
        return
    acts = _waiting.setdefault(module, [])
    if act not in acts:
        acts.append(act)
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)


def forget(module: str, act: Callable[[], None]) -> bool:
    """Waits for `module` no longer, as far as `act` is concerned; whether it was waited for, and `act` not called yet."""
    acts = _waiting.get(module, [])
    is_waiting = act in acts
    if is_waiting:
        acts.remove(act)
    if not acts:
        _waiting.pop(module, None)
    if not _waiting and _finder in sys.meta_path:
        sys.meta_path.remove(_finder)
    return is_waiting


def is_installed(module: str) -> bool:
    """Whether the package that holds `module` can be imported; nothing is."""
    package = module.partition(".")[0]
    return package in sys.modules or find_spec(package) is not None


class _Finder:
    """Finds nothing by itself: it lets the other finders find, and learns when the module has been executed."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        asked = (threading.get_ident(), name)
        if name not in _waiting or asked in _asked:
            return None  # the second time another finder asks, one that lets others find as we do
        _asked.add(asked)
        try:
            for finder in sys.meta_path:
                search = getattr(finder, "find_spec", None)
                spec: ModuleSpec | None = search(name, path, target) if search and finder is not _finder else None
                if spec is not None:
                    guarded(_tell, name, spec.loader)
                    return spec
        finally:
            _asked.discard(asked)
        return None


_finder = _Finder()
_asked: set[tuple[int, str]] = set()


def _tell(name: str, loader: object) -> None:
    """Makes this loader act after it has executed the module called `name`; a zip archive has one loader for all of its modules."""
    execute = loader.exec_module  # type: ignore[attr-defined]
    before = vars(loader).get("exec_module", _tell)

    def exec_module(module: ModuleType) -> None:
        if module.__name__ != name:
            execute(module)
            return
        try:
            execute(module)
        finally:
            guarded(_restore, loader, exec_module, before)
        for act in _waiting.get(name, []).copy():
            forget(name, act)
            guarded(act)

    loader.exec_module = exec_module  # type: ignore[attr-defined]


def _restore(loader: object, ours: object, before: object) -> None:
    if vars(loader).get("exec_module") is not ours:
        return  # somebody else's stands there by now, and calls ours
    if before is _tell:
        del loader.exec_module  # type: ignore[attr-defined]
    else:
        loader.exec_module = before  # type: ignore[attr-defined] # of a class, as the loaders of frozen modules are

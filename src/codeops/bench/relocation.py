"""Relocation: a project that is installed from its folder (`pip install -e`) is found in the folder that is measured instead.

An editable install leads every interpreter that uses the environment to one folder, the head's. A worker that measures the base
has to find the same packages in the base's folder, or both sides would run the same code and every change would cost nothing.
"""

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

from codeops.core.errors import UnimportableTarget

__all__ = ["demand_own_code", "moved", "relocate"]


def relocate(origin: str, root: str) -> None:
    """Lets whatever the import system would find under `origin` be found under `root`.

    Source: editable installs put a folder on `sys.path` by a .pth file, or a finder with a `MAPPING` of package to folder
    (setuptools 64 and later, `__editable___*_finder`), read 2026-11-26.
    """
    sys.path[:] = [moved(entry, origin, root) for entry in sys.path]
    for finder in sys.meta_path:
        module = sys.modules.get(getattr(finder, "__module__", ""))
        mapping = getattr(module, "MAPPING", None)
        if isinstance(mapping, dict):
            mapping.update({name: moved(folder, origin, root) for name, folder in mapping.items() if isinstance(folder, str)})
    sys.path_importer_cache.clear()


def moved(path: str, origin: str, root: str) -> str:
    """The place under `root` of what is under `origin`; any other path as it is.

    Example:
        >>> moved("/work/shop/src", "/work/shop", "/tmp/base")
        '/tmp/base/src'
    """
    real = os.path.realpath(path) if path else path
    return str(Path(root, os.path.relpath(real, origin))) if _is_of(real, origin, root) else path


def demand_own_code(origin: str, root: str, modules: Iterable[ModuleType]) -> None:
    """Nothing, or the error that names a module of the base that was imported from the head's folder.

    Raises: UnimportableTarget.
    """
    for module in modules:
        file = getattr(module, "__file__", None)
        path = os.path.realpath(file) if isinstance(file, str) else ""
        if _is_of(path, origin, root) and module.__name__.partition(".")[0] != __name__.partition(".")[0]:
            raise UnimportableTarget(
                f"the base imports {module.__name__} from the head's folder",
                why=f"it was found in {path}, and the base stands in {root}",
                fix="name the folder of the code in python_path under [bench], so that each side finds its own",
            )


def _is_of(path: str, origin: str, root: str) -> bool:
    """Whether a path belongs to the project in `origin`: the other side's folder and the environment may lie inside of it."""
    return _is_inside(path, origin) and not any(_is_inside(path, os.path.realpath(other)) for other in (root, sys.prefix, sys.base_prefix))


def _is_inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)

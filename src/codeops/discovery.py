"""Plug-ins: the names of a slot from its file names and entry points, without importing any of them.

A slot is a package of which each module not starting with an underscore is a member.
Third parties add members through the entry-point group of the slot's dotted name, for example
`codeops.report = { mine = "my_package.my_format" }`; built-ins go through the same door.
"""

import pkgutil
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from codeops.core.errors import BrokenPlugin, MissingExtra, UnknownName

__all__ = ["load", "names"]


def names(slot: str) -> list[str]:
    """The members of the package `slot`, sorted; `_` in file names reads `-`."""
    spec = find_spec(slot)
    locations = list(spec.submodule_search_locations or []) if spec else []
    found = {module.name.replace("_", "-") for module in pkgutil.iter_modules(locations) if not module.name.startswith("_")}
    return sorted(found | _entries().get(slot, {}).keys())


def load(slot: str, name: str, *, needs: tuple[str, ...] = (), extra: str = "") -> ModuleType:
    """The module that is `name` in `slot`, imported now, with the attributes that the slot `needs`.

    Raises: UnknownName, BrokenPlugin, MissingExtra (when a module of the extra is not installed).
    """
    known = names(slot)
    noun = slot.rpartition(".")[2]
    if name not in known:
        from difflib import get_close_matches

        near = get_close_matches(name, known, 1)
        raise UnknownName(
            f"there is no {noun} called {name!r}",
            why=f"known are {', '.join(known)}",
            fix=f"use {near[0]!r}" if near else f"choose one of {', '.join(known)}",
        )
    target = _entries().get(slot, {}).get(name) or f"{slot}.{name.replace('-', '_')}"
    try:
        module = import_module(target)
    except ModuleNotFoundError as missing:
        if extra and missing.name and not missing.name.startswith("codeops"):
            raise MissingExtra(
                f"{noun} {name} needs {missing.name}, which is not installed",
                why=f"it belongs to the extra {extra!r}",
                fix=f"pip install 'codeops[{extra}]'",
            ) from missing
        raise BrokenPlugin(
            f"{noun} {name} cannot be imported", why=f"{target}: {missing}", fix="install what it needs, or remove the plug-in"
        ) from missing
    except Exception as problem:
        raise BrokenPlugin(
            f"{noun} {name} cannot be imported", why=f"{target}: {problem!r}", fix="repair or remove the plug-in"
        ) from problem
    _demand(module, needs, f"{noun} {name}")
    return module


def _demand(module: ModuleType, needs: tuple[str, ...], what: str) -> None:
    lacking = [attribute for attribute in needs if not hasattr(module, attribute)]
    if lacking:
        raise BrokenPlugin(
            f"{what} is incomplete",
            why=f"{module.__name__} has no {' and no '.join(lacking)}",
            fix=f"define {', '.join(lacking)} in it; CONTRIBUTING.md has the recipe",
        )


@cache
def _entries() -> dict[str, dict[str, str]]:
    """Slot to name to module, from the entry points of everything installed; read once, as it opens a file per package."""
    from importlib.metadata import entry_points

    installed = entry_points()
    ours = [group for group in installed.groups if group.startswith("codeops.")]
    return {group: {entry.name: entry.value for entry in installed.select(group=group)} for group in ours}

"""Feature flags that OpenFeature evaluates, through its public hooks: which arm of an experiment each request was in.

An evaluation is not billed here, so no meter counts it.
"""

import json
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

from codeops.core.attribute import FLAG_KEY, FLAG_VARIANT
from codeops.instrument.guard import guarded
from codeops.instrument.patch import Hooks, Live
from codeops.instrument.recorder import current, evaluated

__all__ = ["LABELS", "METERS", "MODULE", "VERSIONS", "install", "uninstall"]

MODULE = "openfeature.api"

METERS: dict[str, tuple[str, str]] = {}

LABELS = {
    FLAG_KEY: "the flag that was evaluated",
    FLAG_VARIANT: "the variant, or the value where the provider names none; also the default after an error",
}

VERSIONS = "openfeature-sdk 0.8 to 0.10, sync and asyncio"

_hooks = Hooks()


def install() -> None:
    """Adds a hook to those of the API, and again after they were cleared."""
    from openfeature import api

    _hooks.wrap(api, "clear_hooks", _clearing)
    if _listener() not in api.get_hooks():
        api.add_hooks([_listener()])


def uninstall() -> None:
    """Takes the hook out and leaves all others."""
    _hooks.undo()
    if "openfeature.api" in sys.modules:
        from openfeature import api

        others = [hook for hook in api.get_hooks() if hook is not _listener()]
        api.clear_hooks()
        api.add_hooks(others)


@cache
def _listener() -> Any:
    from openfeature.hook import Hook

    class Listener(Hook):
        def finally_after(self, hook_context: Any, details: Any, hints: Any) -> None:  # ruff: ignore[no-self-use, unused-method-argument]
            if current() is not None:
                guarded(_note, hook_context.flag_key, details)

    return Listener()


def _clearing(original: Callable[[], None], _live: Live) -> Callable[[], None]:
    def clear_hooks() -> None:
        from openfeature import api

        original()
        if _hooks.is_installed:
            api.add_hooks([_listener()])

    return clear_hooks


def _note(flag: str, details: Any) -> None:
    evaluated(flag, details.variant or _name(details.value))


def _name(value: Any) -> str:
    """A value as JSON writes it: true and not True.

    Example:
        >>> _name(True), _name("blue"), _name({"size": 3})
        ('true', 'blue', '{"size": 3}')
    """
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)

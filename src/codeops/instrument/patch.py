"""Replaces functions of other people's libraries, and puts back exactly what was there."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

from codeops.instrument.guard import guarded
from codeops.instrument.recorder import Sink, Tally, current

__all__ = ["Hooks", "Live"]

Live = Callable[[], Tally | Sink | None]
"""Who counts, or None: nobody measures, or the hook was taken out while another one sat on top of it."""

_ABSENT = object()


class _Patch:
    __slots__ = ("before", "is_active", "name", "now", "owner")

    def __init__(self, owner: Any, name: str) -> None:
        self.owner, self.name = owner, name
        self.before = vars(owner).get(name, _ABSENT)
        self.now: Any = None
        self.is_active = True

    def live(self) -> Tally | Sink | None:
        return current() if self.is_active else None

    @property
    def is_gone(self) -> bool:
        """Whether what was there before is there again, by somebody else's doing."""
        return vars(self.owner).get(self.name, _ABSENT) is self.before

    def undo(self) -> bool:
        """Puts back what was there; False where our wrapper stays below somebody else's, and only passes calls on."""
        self.is_active = False
        if vars(self.owner).get(self.name) is not self.now:
            return False
        if self.before is _ABSENT:
            delattr(self.owner, self.name)
        else:
            setattr(self.owner, self.name, self.before)
        return True


class Hooks:
    """The replacements that one library needs."""

    def __init__(self) -> None:
        self._patches: list[_Patch] = []
        self._left: list[_Patch] = []

    def wrap(self, owner: Any, name: str, make: Callable[[Callable[..., Any], Live], Callable[..., Any]]) -> None:
        """Puts `make(original, live)` in place of the attribute `name` of a class or module; once, however often asked."""
        if any(patch.owner is owner and patch.name == name for patch in self._patches) or self._is_taken_up(owner, name):
            return
        patch = _Patch(owner, name)
        original = getattr(owner, name)
        patch.now = functools.wraps(original)(make(original, patch.live))
        setattr(owner, name, patch.now)
        self._patches.append(patch)

    def before(self, owner: Any, name: str, note: Callable[..., None]) -> None:
        """Calls `note` with the call's arguments just before the original, sync or async, while somebody measures."""
        self.wrap(owner, name, functools.partial(_noting, note))

    @property
    def is_installed(self) -> bool:
        """Whether anything is replaced now."""
        return bool(self._patches)

    def undo(self) -> None:
        """Puts everything back, the newest first."""
        while self._patches:
            patch = self._patches.pop()
            if not patch.undo():
                self._left.append(patch)

    def _is_taken_up(self, owner: Any, name: str) -> bool:
        """Whether a wrapper that had to stay works again: a second one above it would count the same call twice."""
        for number, patch in enumerate(self._left):
            if patch.owner is owner and patch.name == name:
                del self._left[number]
                patch.is_active = not patch.is_gone
                if patch.is_active:
                    self._patches.append(patch)
                return patch.is_active
        return False


def _noting(note: Callable[..., None], original: Callable[..., Any], live: Live) -> Callable[..., Any]:
    if inspect.iscoroutinefunction(original):

        async def noted_async(*args: Any, **kwargs: Any) -> Any:
            if live() is not None:
                guarded(note, *args, **kwargs)
            return await original(*args, **kwargs)

        return noted_async

    def noted(*args: Any, **kwargs: Any) -> Any:
        if live() is not None:
            guarded(note, *args, **kwargs)
        return original(*args, **kwargs)

    return noted

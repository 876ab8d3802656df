"""Selections: which routes and jobs of a suite one run is about."""

from collections.abc import Collection
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase

from codeops.core.errors import EmptySuite, UnknownName

__all__ = ["EVERYTHING", "Selection"]

_NOT = "!"
_FEW = 10  # names that a message lists


@dataclass(frozen=True, slots=True)
class Selection:
    """Patterns over the names of routes and jobs, as a shell writes them; one that begins with `!` leaves out what it matches.

    A name is taken when a pattern matches it (any name where only `!` patterns are given) and no `!` pattern does; order is nothing.

    Example:
        >>> [name for name in ("/v1/a", "/v1/b", "nightly") if Selection(("/v1/*", "!*/b")).takes(name)]
        ['/v1/a']
    """

    patterns: tuple[str, ...] = ()

    @property
    def is_all(self) -> bool:
        """Whether nothing is left out."""
        return not self.patterns

    def takes(self, name: str) -> bool:
        """Whether the route or job `name` is part of the run."""
        wanted = [pattern for pattern in self.patterns if not pattern.startswith(_NOT)]
        unwanted = [pattern.removeprefix(_NOT) for pattern in self.patterns if pattern.startswith(_NOT)]
        return (not wanted or _matches(name, wanted)) and not _matches(name, unwanted)

    def demand(self, names: Collection[str], *, is_complete: bool = True) -> None:
        """Nothing, or `UnknownName` for a pattern that matches none of `names`, `EmptySuite` when none of them is taken.

        Where `names` are not complete, because what is left out is not among them, `!` patterns are believed.
        """
        for pattern in self.patterns:
            if pattern.startswith(_NOT) and not is_complete:
                continue
            plain = pattern.removeprefix(_NOT)
            if not any(_matches(name, [plain]) for name in names):
                raise _unknown(plain, sorted(names))
        if not any(map(self.takes, names)):
            raise EmptySuite(
                "the selection leaves nothing to measure",
                why=f"{' '.join(self.patterns)}: what one pattern takes, another leaves out",
                fix="remove a pattern that begins with !",
            )


EVERYTHING = Selection()
"""No pattern: the whole suite."""


def _matches(name: str, patterns: list[str]) -> bool:
    return any(name == pattern or fnmatchcase(name, pattern) for pattern in patterns)


def _unknown(pattern: str, names: list[str]) -> UnknownName:
    near = get_close_matches(pattern, names, 3, 0.5)
    return UnknownName(
        f"no route or job matches {pattern!r}",
        why=f"measured are {', '.join(names[:_FEW]) or 'none'}{', …' if len(names) > _FEW else ''}",
        fix=f"write {' or '.join(map(repr, near))}" if near else "choose a name of the suite, or a pattern such as '/v1/*'",
    )

"""Where in the user's files something stands."""

from dataclasses import dataclass

__all__ = ["Location"]


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a file, as editors and compilers write it.

    Units: `line` and `column` count from 1; 0 means that only the file is known.
    """

    path: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        parts = [self.path]
        if self.line:
            parts.append(str(self.line))
            if self.column:
                parts.append(str(self.column))
        return ":".join(parts)

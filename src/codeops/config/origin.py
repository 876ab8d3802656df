"""Where a configuration comes from: its document, so that each refusal has its line."""

from dataclasses import dataclass
from pathlib import Path

from codeops.core.errors import InvalidValue
from codeops.document import Document

__all__ = ["Origin"]


@dataclass(frozen=True, slots=True)
class Origin:
    """A file, and under which keys of it the configuration stands."""

    document: Document

    @property
    def keys(self) -> tuple[str, ...]:
        """`tool.codeops` in a `pyproject.toml`, nothing in a file of our own."""
        return ("tool", "codeops") if Path(self.document.path).name == "pyproject.toml" else ()

    @property
    def root(self) -> Path:
        """The project's folder: that of the file."""
        return Path(self.document.path).resolve().parent

    def refuse(self, title: str, why: str, fix: str, *keys: str | int) -> InvalidValue:
        """The error for what stands at `keys`."""
        return InvalidValue(title, why=why, fix=fix, location=self.document.locate(*self.keys, *keys))

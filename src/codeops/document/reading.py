"""Reading: what makes a file unreadable, and which format its suffix stands for."""

import os
import stat
from collections.abc import Callable, Mapping
from functools import cached_property
from importlib import import_module
from pathlib import Path

from codeops.core.errors import MalformedFile, UnreadableFile
from codeops.core.location import Location
from codeops.document.position import Keys, Parsed, Text

__all__ = ["LIMIT_BYTES", "Document", "load", "parse", "read"]

LIMIT_BYTES = 8 * 2**20
"""The size above which a file is refused before it is read: a thousand times that of a long price book."""

_FORMATS = {".toml": "toml", ".json": "json", ".yaml": "yaml", ".yml": "yaml"}
_UTF_16 = {b"\xff\xfe", b"\xfe\xff"}


class Document:
    """The data of a file, and the line of each of its parts.

    `data` holds str, int, bool, Decimal, date, list and dict; never a float, so that 0.1 is 0.1.
    """

    def __init__(self, path: str, data: dict[str, object], text: Text, offsets: Callable[[], Mapping[Keys, int]]) -> None:
        self.path = path
        self.data = data
        self._text = text
        self._find_offsets = offsets

    @cached_property
    def _offsets(self) -> Mapping[Keys, int]:
        return self._find_offsets()

    def locate(self, *keys: str | int) -> Location:
        """Where the value at `keys` stands, or the nearest part around it whose place is known."""
        for length in range(len(keys), 0, -1):
            offset = self._offsets.get(keys[:length])
            if offset is not None:
                return self._text.location(offset)
        return Location(self.path, 1) if self._text.content else Location(self.path)


def load(path: str, *, limit_bytes: int = LIMIT_BYTES) -> Document:
    """The document in the file `path`; its suffix says the format.

    Raises: UnreadableFile, MalformedFile, DuplicateKey, InvalidValue.
    """
    return parse(read(path, limit_bytes=limit_bytes), path)


def parse(text: str, path: str) -> Document:
    """The document that `text` spells; the suffix of `path` says the format.

    Raises: MalformedFile, DuplicateKey, InvalidValue, UnreadableFile.
    """
    positioned = Text(text, path)
    module = import_module(f"codeops.document.{_format_of(path)}")
    parsed: Parsed = module.parse(positioned)
    if not isinstance(parsed.data, dict):
        raise MalformedFile(
            "the file holds no table at its top",
            why="it holds a list" if isinstance(parsed.data, list) else "it holds a single value",
            fix="start with keys and values",
            location=Location(path, 1),
        )
    return Document(path, parsed.data, positioned, parsed.offsets)


def read(path: str, *, limit_bytes: int = LIMIT_BYTES) -> str:
    """The text of the file `path`, without a byte order mark.

    Units: `limit_bytes` bytes; a larger file is refused before it is read.

    Raises: UnreadableFile.
    """
    try:
        with Path(path).open("rb") as file:
            status = os.fstat(file.fileno())
            size_bytes = status.st_size
            data = b"" if size_bytes > limit_bytes else file.read(limit_bytes + 1)
    except OSError as problem:
        raise UnreadableFile(
            f"{path} cannot be read",
            why=f"{problem.strerror or problem}".lower(),
            fix="name an existing file that you may read",
            location=Location(path),
        ) from problem
    if max(size_bytes, len(data)) > limit_bytes:
        larger = f"it has {size_bytes:,} bytes" if stat.S_ISREG(status.st_mode) else "it does not end"
        raise UnreadableFile(
            f"{path} is too large",
            why=f"{larger}; {limit_bytes:,} bytes are read at most",
            fix="name the right file, or split it and use extends",
            location=Location(path),
        )
    return _text_of(data, path)


def _text_of(data: bytes, path: str) -> str:
    try:
        return data.removeprefix(b"\xef\xbb\xbf").decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as problem:
        start = problem.start + (3 if data.startswith(b"\xef\xbb\xbf") else 0)
        guess = "UTF-16" if data[:2] in _UTF_16 else "ISO-8859-1"
        raise UnreadableFile(
            f"{path} is not UTF-8 text",
            why=f"byte 0x{data[start]:02x} at offset {start} does not belong in UTF-8; it looks like {guess}",
            fix=f"save it as UTF-8, for example: iconv -f {guess} -t UTF-8 {path} > new-file",
            location=Location(path, data.count(b"\n", 0, start) + 1),
        ) from problem


def _format_of(path: str) -> str:
    suffix = Path(path).suffix.lower()
    if suffix not in _FORMATS:
        raise UnreadableFile(
            f"{path} has a format that CodeOps does not read",
            why=f"the suffix is {suffix or 'missing'}; read are {', '.join(_FORMATS)}",
            fix="rename the file to what it holds",
            location=Location(path),
        )
    return _FORMATS[suffix]

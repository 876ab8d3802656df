"""Streams that tell how many bytes were read from them, each time some are, in the context of whoever reads."""

from collections.abc import Callable, Iterator
from typing import Any, Self

from codeops.instrument.guard import guarded

__all__ = ["Counted"]


class Counted:
    """A binary stream of another library with its reading methods counted; all else is the stream's own."""

    def __init__(self, stream: Any, note: Callable[[int], None]) -> None:
        self._codeops_stream, self._codeops_note = stream, note

    def _codeops_told(self, data: Any) -> Any:
        guarded(self._codeops_note, len(data))
        return data

    def read(self, *args: Any, **kwargs: Any) -> Any:
        """As the stream's own."""
        return self._codeops_told(self._codeops_stream.read(*args, **kwargs))

    def read1(self, *args: Any, **kwargs: Any) -> Any:
        """As the stream's own."""
        return self._codeops_told(self._codeops_stream.read1(*args, **kwargs))

    def readline(self, *args: Any, **kwargs: Any) -> Any:
        """As the stream's own."""
        return self._codeops_told(self._codeops_stream.readline(*args, **kwargs))

    def readinto(self, buffer: Any) -> Any:
        """As the stream's own."""
        size = self._codeops_stream.readinto(buffer)
        guarded(self._codeops_note, size or 0)
        return size

    def readlines(self, *args: Any) -> Any:
        """As the stream's own."""
        lines = self._codeops_stream.readlines(*args)
        guarded(self._codeops_note, sum(map(len, lines)))
        return lines

    def stream(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        """As urllib3 has it."""
        return map(self._codeops_told, self._codeops_stream.stream(*args, **kwargs))

    def __iter__(self) -> Iterator[Any]:
        return map(self._codeops_told, iter(self._codeops_stream))

    def __next__(self) -> Any:
        return self._codeops_told(next(self._codeops_stream))

    def __enter__(self) -> Self:
        self._codeops_stream.__enter__()
        return self

    def __exit__(self, *args: object) -> Any:
        return self._codeops_stream.__exit__(*args)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["_codeops_stream"], name)

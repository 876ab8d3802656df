"""Writing: a file stands there whole, or as it was before."""

import os
import tempfile
from pathlib import Path

from codeops.core.errors import ExistingFile, UnreadableFile
from codeops.core.location import Location

__all__ = ["write"]


def write(path: str, data: bytes, *, replace: bool = True) -> None:
    """`data` in the file `path`, folders included; without `replace` only where nothing stands yet.

    Raises: UnreadableFile when it cannot be written, ExistingFile.
    """
    if not replace and os.path.lexists(path):
        raise ExistingFile(
            f"{path} exists",
            why="a file that CodeOps did not make is not overwritten",
            fix="choose another name, or move it away",
            location=Location(path),
        )
    try:
        _put(Path(path), data)
    except OSError as problem:
        raise UnreadableFile(
            f"{path} cannot be written",
            why=f"{problem.strerror or problem}".lower(),
            fix="name a file in a folder that you may write to",
            location=Location(path),
        ) from problem


def _put(target: Path, data: bytes) -> None:
    """Puts a file with `data` in place of `target` in one step, so that nobody ever sees half of it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        _fill(descriptor, data)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink()
        raise


def _fill(descriptor: int, data: bytes) -> None:
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fchmod(file.fileno(), 0o666 & ~_umask())  # mkstemp makes files private; this one is as open as any other
        os.fsync(file.fileno())


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask

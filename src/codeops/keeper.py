"""A keeper: a shell that removes folders as soon as this process has ended, in whichever way, `kill -9` included.

It waits for the end of its standard input. The system closes that when this process dies, and we close it when we are done:
there is one way of cleaning up, so the one that matters is the one that always runs. A program that still writes into a folder
holds the cleaning up by inheriting `descriptor`; for the others it is tried again for a while.
"""

import os
import subprocess  # ruff: ignore[suspicious-subprocess-import] - it starts a shell that removes our own folders
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from types import TracebackType
from typing import IO, Self, cast

__all__ = ["Keeper", "temporary_folder"]

_SCRIPT = """trap '' INT TERM HUP
cd /
folders=
while IFS= read -r folder; do
  folders="$folder
$folders"
done
printf %s "$folders" | while IFS= read -r folder; do
  for try in 1 2 3 4 5 6 7 8 9 10; do
    rm -rf -- "$folder"
    [ -e "$folder" ] || break
    sleep 1
  done
done
"""


class Keeper:
    """Folders that are removed, the youngest first, when the block ends or the process dies."""

    def __init__(self) -> None:
        self._shell: subprocess.Popen[str] = subprocess.Popen(  # ruff: ignore[subprocess-without-shell-equals-true] - our own script
            ["/bin/sh", "-c", _SCRIPT],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        self._pipe = cast("IO[str]", self._shell.stdin)

    def keep(self, folder: str) -> None:
        """Takes an absolute path over; what is not there in the end does not matter."""
        self._pipe.write(folder + "\n")
        self._pipe.flush()

    @property
    def descriptor(self) -> int:
        """What a program inherits that is to end before the folders are removed."""
        return self._pipe.fileno()

    def end(self) -> None:
        """Removes the folders, and waits until that is done."""
        self._pipe.close()
        self._shell.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None) -> None:
        self.end()


@contextmanager
def temporary_folder(prefix: str) -> Generator[str]:
    """The real path of a new folder that is gone when the block or the process ends."""
    with Keeper() as keeper:
        folder = os.path.realpath(tempfile.mkdtemp(prefix=prefix))
        keeper.keep(folder)
        yield folder

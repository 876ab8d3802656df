"""A warden: a shell that kills what is left of a worker's process group once the worker is gone, `kill -9` included.

The kernel kills a service when its worker dies, but not what the service started; and where CodeOps was killed with the worker,
nobody is left to do that.
"""

import os
import subprocess  # ruff: ignore[suspicious-subprocess-import] - it starts a shell that ends our own processes
from contextlib import suppress

__all__ = ["Warden"]

_SCRIPT = "trap '' INT TERM HUP; cd /; IFS= read -r done || kill -s KILL -- \"-$1\""


class Warden:
    """Watches over the group of this process, if this process leads it: somebody else's group is none of ours to kill."""

    def __init__(self) -> None:
        self._shell: subprocess.Popen[bytes] | None = None
        if os.getpgid(0) == os.getpid():
            command = ["/bin/sh", "-c", _SCRIPT, "warden", str(os.getpid())]
            self._shell = subprocess.Popen(  # ruff: ignore[subprocess-without-shell-equals-true] - our own script
                command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
            )

    def dismiss(self) -> None:
        """Ends the watch, when everything that was started has been ended."""
        if self._shell is not None:
            with suppress(BrokenPipeError):
                self._shell.communicate(b"done\n")

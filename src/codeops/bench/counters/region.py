"""A region of code whose instructions callgrind counts: valgrind simulates the processor, and so repeats to the instruction.

Counted is what all threads of the process execute between two requests to valgrind, to zero the counts and to dump them.
(Its request to toggle collection would be about the calling thread only, and an application's own threads would be missing.)
"""

import os
from pathlib import Path
from types import TracebackType
from typing import Self

from codeops.bench.counters import client_request
from codeops.core.errors import UnsupportedCounter

__all__ = ["OUT", "Region"]

OUT = "CODEOPS_CALLGRIND_OUT"
"""The environment variable that names the file which callgrind dumps to, with a number at the end."""

_RUNNING = 0x1001
_CALLGRIND = ord("C") << 24 | ord("T") << 16
_ZERO, _DUMP, _START = _CALLGRIND + 1, _CALLGRIND + 3, _CALLGRIND + 4


class Region:
    """Goes around code, in a worker that was started under valgrind; from when it is made everything is slow, and counted.

    Raises: UnsupportedCounter in any other process.
    """

    def __init__(self) -> None:
        self.counted = 0
        self._out = Path(os.environ.get(OUT, ""))
        if not self._out.name or not client_request.ask(_RUNNING):
            why, fix = "valgrind did not start it", "start it as codeops.bench.counters.callgrind does"
            raise UnsupportedCounter("instructions cannot be counted in this process", why=why, fix=fix)
        client_request.ask(_START)

    def __enter__(self) -> Self:
        client_request.ask(_ZERO)
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None) -> None:
        client_request.ask(_DUMP, b"region")
        (dump,) = self._out.parent.glob(f"{self._out.name}.*")
        self.counted = _total(dump)
        dump.unlink()


def _total(dump: Path) -> int:
    """The sum that callgrind writes at the end of a dump: `totals: 1234`."""
    with dump.open(encoding="utf-8", errors="replace") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("totals:"))

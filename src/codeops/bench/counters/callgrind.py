"""Valgrind's callgrind as seen from outside: whether it is here, and a worker that runs under it.

The worker is fast at first: until its first region (`codeops.bench.counters.region`) nothing is counted, so that imports take
ten times as long as without valgrind, and not forty. Never `-I` or `-E`: with either, Python ignores the hash seed.

Memory comes from the C library, and what is freed is kept for the next request of its size. Python's own allocator takes more or
fewer instructions by where its free blocks happen to lie, and every edit moves those: with it, the count of one and the same code
that reads and writes JSON spread by 0.70 % over random layouts, with this by 0.03 % (benchmarks/gate/layouts.py, glibc 2.36,
CPython 3.11, 2026-11).
"""

import shutil
from dataclasses import replace
from pathlib import Path

from codeops.bench.counters import client_request
from codeops.bench.counters.region import OUT
from codeops.bench.side import Start

__all__ = ["started", "unavailable"]

_OPTIONS = ("-q", "--vgdb=no", "--tool=callgrind", "--instr-atstart=no", "--dump-line=no")
_ALLOCATOR = {
    "PYTHONMALLOC": "malloc",
    "GLIBC_TUNABLES": "glibc.malloc.tcache_count=65535:glibc.malloc.mmap_threshold=1073741824:glibc.malloc.trim_threshold=1073741824",
}
_SLOWNESS = 100  # up to 82 times were seen: the project's campaign on the statistics of the CPU gate, section 4 (2026-11)


def unavailable() -> str:
    """Why instructions cannot be counted on this machine; empty where they can."""
    if not client_request.is_known_here():
        return "it needs Linux on x86-64 or aarch64"
    if shutil.which("valgrind") is None:
        return "there is no valgrind on the path"
    return ""


def started(start: Start, folder: str) -> Start:
    """The same worker under valgrind, with `folder` for its dumps."""
    out = str(Path(folder, "counts"))
    return replace(
        start,
        command=("valgrind", *_OPTIONS, f"--callgrind-out-file={out}", *start.command),
        env={**start.env, **_ALLOCATOR, OUT: out},
        slowness=_SLOWNESS,
    )

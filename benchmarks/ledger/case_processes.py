"""W5, the cases with more than one process: their CPU belongs to whoever started them."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from claims import MS, Books, Claim
from metrics import CHILDREN
from workloads import new_uvloop

__all__ = ["CASES"]

_EXIT_S = 0.003
"""What a child still does after it reported its CPU: the interpreter's exit, from next to nothing to twice this."""

_CHILD = f"""\
import time
state = 1
for _ in range({30 * MS}):
    state = (state * 1103515245 + 12345) & 0x7FFFFFFF
print(time.process_time())
"""
_COMMAND = [sys.executable, "-I", "-S", "-c", _CHILD]


def subprocess_sync(books: Books) -> list[Claim]:
    """`subprocess.run`."""
    with books, books.ledger.span("spawn"):
        reported = subprocess.run(_COMMAND, capture_output=True, check=True).stdout
    return [_children(reported, books.found("children", "spawn"), "children of 'spawn'")]


def subprocess_poll(books: Books) -> list[Claim]:
    """`Popen.poll` until it has ended: `os.waitpid` was captured by the class, so the owner may be lost, never the CPU."""
    reading, writing = os.pipe()
    with books, books.ledger.span("spawn"), subprocess.Popen(_COMMAND, stdout=writing) as child:
        os.close(writing)
        with os.fdopen(reading, "rb") as stream:
            reported = stream.read()
        while child.poll() is None:
            time.sleep(0.001)
    found = books.found("children", "spawn") + books.found("buckets", CHILDREN)
    return [_children(reported, found, f"children of 'spawn' + {CHILDREN}")]


async def _spawn(books: Books) -> bytes:
    with books.ledger.span("spawn"):
        child = await asyncio.create_subprocess_exec(*_COMMAND, stdout=asyncio.subprocess.PIPE)
        reported, _ = await child.communicate()
    if child.returncode:
        raise AssertionError(f"the child ended with {child.returncode}")
    return reported


def subprocess_asyncio(books: Books) -> list[Claim]:
    """`asyncio.create_subprocess_exec` on asyncio's own loop."""
    with books:
        reported = asyncio.run(_spawn(books))
    return [_children(reported, books.found("children", "spawn"), "children of 'spawn'")]


def subprocess_uvloop(books: Books) -> list[Claim]:
    """The same on uvloop, which reaps in C: nobody learns whose child it was, but its CPU is seen."""
    with books, asyncio.Runner(loop_factory=new_uvloop) as runner:
        reported = runner.run(_spawn(books))
    return [_children(reported, books.found("buckets", CHILDREN), CHILDREN)]


def _children(reported: bytes, found_s: float, what: str) -> Claim:
    return Claim(what, float(reported) + _EXIT_S, found_s, _EXIT_S)


def fork(books: Books) -> list[Claim]:
    """A fork inside a span: the child begins with empty books, its clock having restarted, and is the parent's child."""
    reading, writing = os.pipe()
    forked: list[int] = []
    with books, books.ledger.span("parent"):
        books.burn("parent", 20)
        books.truth.leaf("parent", lambda _: forked.append(os.fork()), 0)
        if forked[0] == 0:
            os.close(reading)
            _report_child(books, writing)
        os.close(writing)
        with os.fdopen(reading, encoding="utf-8") as stream:
            told = json.loads(stream.read())
        os.waitpid(forked[0], 0)
    return [
        books.span("parent", 0.004),  # every page that it writes to afterwards is copied first
        Claim("children of 'parent'", told["whole_s"] + _EXIT_S, books.found("children", "parent"), _EXIT_S),
        Claim("in the child, span 'child'", told["true_s"], told["spans"].get("child", 0.0)),
        Claim("in the child, span 'parent'", 0.0, told["spans"].get("parent", 0.0), 0.001),
        Claim("in the child, spans + buckets", told["process_s"], told["total_s"], 0.0005, 0.005),
        Claim("in the child, the least figure", 0.0, min(0.0, told["least_s"]), 0.0),
    ]


def _report_child(books: Books, writing: int) -> None:
    """What the child does: works, tells its own books, and ends without the parent's clean-up."""
    begin, before = time.process_time(), _inside(books.ledger.read())
    with books.ledger.span("child"):
        books.burn("child", 20)
    end, after = time.process_time(), books.ledger.read()
    told: dict[str, Any] = {
        "process_s": end - begin,
        "true_s": books.truth.seconds["child"],
        "spans": after["spans"],
        "total_s": sum(_inside(after)) - sum(before),
        "least_s": min(*before, *_inside(after)),
        "whole_s": time.process_time(),
    }
    with os.fdopen(writing, "w", encoding="utf-8") as stream:
        json.dump(told, stream)
    os._exit(0)


def _inside(found: dict[str, dict[str, float]]) -> list[float]:
    """All figures that are of the process's own clock."""
    return [seconds for kind in ("spans", "buckets") for name, seconds in found[kind].items() if name != CHILDREN]


CASES: dict[str, Callable[[Books], list[Claim]]] = {
    case.__name__: case for case in (subprocess_sync, subprocess_poll, subprocess_asyncio, subprocess_uvloop, fork)
}
"""The cases by name."""

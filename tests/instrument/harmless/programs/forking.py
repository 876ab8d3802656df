"""Forks in various ways and tells what the books of the child and of the parent say."""

import json
import os
from collections.abc import Callable
from typing import Any

from probe import amounts, books, burn, counts

import codeops


def worked() -> dict[str, Any]:
    """What a child does: half of its work in a span, half outside; and what it counted."""
    burn(0.03)
    with codeops.span("child"):
        burn(0.06)
        codeops.record("charge.card", 1)
        with codeops.span("child/inner"):
            burn(0.03)
    return report()


def report() -> dict[str, Any]:
    """The books, and what was counted."""
    return {**books(), "cpu": amounts(), "counts": counts(), "charges": amounts("charge.card")}


def forked(act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What `act` returns in a child process, which then ends."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.write(writer, json.dumps(act()).encode())
            code = 0
        finally:
            os._exit(code)
    os.close(writer)
    with os.fdopen(reader) as file:
        told = file.read()
    _, status = os.waitpid(pid, 0)
    assert status == 0, status
    return json.loads(told)

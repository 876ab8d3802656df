"""Meters: the things that are consumed and billed, and the units they are counted in.

The set is open. A meter of a cloud (`aws.s3.get`) or of the user (`stripe.charge`) needs no entry here:
it is counted in whatever unit the code that records it says, `{request}` unless told otherwise.
"""

import re

from codeops.core.errors import InvalidValue

__all__ = ["CHILD_CPU", "COMMON", "CPU", "EGRESS", "HTTP_CALL", "MEMORY", "QUERY", "S3_GET", "check_name", "is_statistical", "unit_of"]

CPU = "compute.cpu"
"""CPU time of the process and its threads, in vCPU-seconds."""

CHILD_CPU = "compute.cpu.children"
"""CPU time of child processes that were started and waited for, in vCPU-seconds; outside of the process's own clock."""

MEMORY = "compute.memory"
"""Memory held above the idle process, times the time it is held, in GiB-seconds."""

EGRESS = "network.egress"
"""Bytes that leave the process over HTTP: response bodies and headers, request bodies of clients."""

QUERY = "db.query"
"""SQL statements sent to a database."""

HTTP_CALL = "http.call"
"""HTTP requests to other services, each attempt counted."""

S3_GET = "aws.s3.get"
"""S3 requests of the GET class."""

COMMON: dict[str, str] = {
    CPU: "vCPU.s",
    CHILD_CPU: "vCPU.s",
    MEMORY: "GiB.s",
    "gpu.time": "GPU.s",
    EGRESS: "By",
    QUERY: "{query}",
    HTTP_CALL: "{request}",
    "llm.input": "{token}",
    "llm.output": "{token}",
    "llm.reasoning": "{token}",
    "llm.cache_read": "{token}",
    "llm.cache_write": "{token}",
}
"""Meters that every cloud shares, with the unit their usage is counted in."""

_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)+")
_STATISTICAL = frozenset({CPU, CHILD_CPU, MEMORY, "gpu.time"})


def unit_of(meter: str) -> str:
    """The unit that usage of `meter` is counted in when nobody says otherwise."""
    return COMMON.get(meter, "{request}")


def is_statistical(meter: str) -> bool:
    """Whether amounts of `meter` vary by nature, so that only statistics may judge them."""
    return meter in _STATISTICAL


def check_name(name: str) -> str:
    """`name` itself, when it is dotted and lower case.

    Raises: InvalidValue.
    """
    if not _NAME.fullmatch(name):
        raise InvalidValue(
            f"{name!r} is not a meter's name",
            why="a meter is at least two words of a-z, 0-9 and _, joined by dots",
            fix='write for example "aws.s3.get" or "stripe.charge"',
        )
    return name

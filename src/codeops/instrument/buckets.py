"""What no request has: the CPU in the ledger's buckets, and memory that is idle, retained or still in flight."""

from collections.abc import Iterator, Mapping

from codeops.core.meter import MEMORY
from codeops.instrument.ledger.books import Balance
from codeops.instrument.rates import CPU_LINE, Line

__all__ = ["HELD", "MEMORY_LINE", "in_buckets"]

HELD = {
    "unattributed.idle": "what the process holds with nothing in flight: the interpreter, modules, pools",
    "unattributed.retained": "what is above that and held by no request: caches, leaks, what the allocator keeps",
    "unattributed.in_flight": "what requests in flight hold, less what short ones got in advance; in `codeops.collect()` alone",
}
"""Where memory goes that no ended request has: name → what is in it."""

MEMORY_LINE: Line = (MEMORY, "GiB.s", ())
"""A request's share of the memory."""


def in_buckets(balance: Balance | None, held: Mapping[str, float], *, with_open: bool) -> Iterator[tuple[str, Line, float]]:
    """The amount in each bucket, by name and line: from the balance of the books, and from what the memory's meter says.

    `with_open` adds what requests in flight hold and what short ones were paid in advance, which may be below zero.
    """
    if held:
        yield "unattributed.idle", MEMORY_LINE, held["idle_gib_s"]
        yield "unattributed.retained", MEMORY_LINE, held["retained_gib_s"]
        if with_open:
            yield "unattributed.in_flight", MEMORY_LINE, held["carried_gib_s"] + held["allocated_gib_s"] - held["ended_gib_s"]
    if balance is not None:
        for name, ns in balance.buckets_ns.items():
            yield name, CPU_LINE, ns * 1e-9

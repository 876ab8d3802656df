"""Rows for what no request has: the CPU in the ledger's buckets, and memory that is idle, retained or still in flight."""

from collections.abc import Mapping

from codeops.core.meter import MEMORY
from codeops.instrument.ledger.books import Balance
from codeops.instrument.rates import CPU_LINE, Line, Rates
from codeops.instrument.totals import Row

__all__ = ["MEMORY_LINE", "bucket_rows"]

MEMORY_LINE: Line = (MEMORY, "GiB.s", ())
"""A request's share of the memory."""


def bucket_rows(balance: Balance | None, held: Mapping[str, float], rates: Rates | None, *, with_open: bool = False) -> list[Row]:
    """A row for each bucket, from the balance of the books and from what the memory's meter says.

    `with_open` adds what requests in flight hold and what short ones were paid in advance, which may be below zero.
    """
    amounts: list[tuple[str, Line, float]] = []
    if held:
        amounts = [("unattributed.idle", MEMORY_LINE, held["idle_gib_s"]), ("unattributed.retained", MEMORY_LINE, held["retained_gib_s"])]
        if with_open:
            open_gib_s = held["carried_gib_s"] + held["allocated_gib_s"] - held["ended_gib_s"]
            amounts.append(("unattributed.in_flight", MEMORY_LINE, open_gib_s))
    if balance is not None:
        amounts += [(name, CPU_LINE, ns * 1e-9) for name, ns in balance.buckets_ns.items()]
    return [_row(name, line, amount, rates) for name, line, amount in amounts]


def _row(name: str, line: Line, amount: float, rates: Rates | None) -> Row:
    meter, unit, _ = line
    rate = rates.of(line) if rates is not None else None
    return Row(name=name, usage={meter: amount}, measured_in={meter: unit}, cost=amount * rate if rate is not None else None)

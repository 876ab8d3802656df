"""A block: some requests of one case measured in a row, one by one, in the process that makes them."""

import gc
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal

from codeops.bench.memory.gauge import Gauge
from codeops.instrument.callsite import Site
from codeops.instrument.recorder import Line, Tally, tally

__all__ = ["Block", "BlockLine", "Stopwatch", "lines_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockLine:
    """One meter under one set of labels: the amount of each request, and the sum by line of the user's code."""

    meter: str
    unit: str
    labels: dict[str, str]
    amounts: list[Decimal]
    sites: list[tuple[Site, Decimal]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """What was measured of each request, in their order.

    Units: `cpu_ns` and `wall_ns` nanoseconds of each request; `held_bytes` is what the process held during the block above what it
    held idle, at most or on average as the plan says, None where the system does not tell.
    """

    cpu_ns: list[int]
    wall_ns: list[int]
    held_bytes: int | None
    lines: list[BlockLine]


class Stopwatch:
    """Measures requests one after another; `request` goes around each of them.

    CPU is that of the whole process, all its threads, by the clock that has a resolution of nanoseconds; never
    `getrusage`, which moves in ticks of the scheduler. Garbage of earlier work is collected before, outside the clock.
    """

    def __init__(self, root: str, idle_bytes: int | None, gauge: Gauge) -> None:
        self._root, self._idle_bytes, self._gauge = root, idle_bytes, gauge
        self._cpu_ns: list[int] = []
        self._wall_ns: list[int] = []
        self._tallies: list[Tally] = []
        gc.collect()
        gauge.begin()

    @contextmanager
    def request(self) -> Generator[Tally]:
        """Measures what is done inside as one request."""
        with tally(self._root) as counted:
            wall_ns, cpu_ns = time.perf_counter_ns(), time.process_time_ns()
            try:
                yield counted
            finally:
                self._cpu_ns.append(time.process_time_ns() - cpu_ns)
                self._wall_ns.append(time.perf_counter_ns() - wall_ns)
        self._tallies.append(counted)

    def finish(self) -> Block:
        """All requests since the start."""
        bytes_ = self._gauge.end()
        return Block(
            cpu_ns=self._cpu_ns,
            wall_ns=self._wall_ns,
            held_bytes=None if bytes_ is None or self._idle_bytes is None else max(0, bytes_ - self._idle_bytes),
            lines=lines_of(self._tallies),
        )


def lines_of(tallies: Sequence[Tally]) -> list[BlockLine]:
    """Every meter that one of the requests used, with the amounts of all of them."""
    return [_line(line, tallies) for line in {line: None for counted in tallies for line in counted.lines}]


def _line(line: Line, tallies: Sequence[Tally]) -> BlockLine:
    meter, unit, labels = line
    sites: dict[Site, Decimal] = {}
    for counted in tallies:
        for site, amount in counted.sites.get(line, {}).items():
            sites[site] = sites.get(site, Decimal(0)) + Decimal(amount)
    amounts = [Decimal(counted.lines.get(line, 0)) for counted in tallies]
    return BlockLine(meter=meter, unit=unit, labels=dict(labels), amounts=amounts, sites=list(sites.items()))

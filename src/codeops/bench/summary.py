"""What blocks of requests say about one route: means, spreads, and whether every request was the same."""

import linecache
import statistics
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal
from pathlib import Path

from codeops.bench.block import Block
from codeops.bench.lap import Lap
from codeops.core.meter import CPU, EGRESS, MEMORY, S3_GET, unit_of
from codeops.core.snapshot import MeterUsage, RouteUsage, Site
from codeops.core.suite import Case, FunctionCase

__all__ = ["code_of", "of_case", "summarise"]

_MEAN = Context(prec=4, rounding=ROUND_HALF_EVEN)
"""Statistical means: a fifth digit would be noise in each diff."""

_COUNT = Context(prec=6, rounding=ROUND_HALF_EVEN)
"""Means of counts that differ between requests; where they do not, the count is kept whole."""

_SPREAD = Context(prec=2, rounding=ROUND_HALF_EVEN)
_EXACT = Context(prec=28)
_NANO = Decimal("1e-9")
_GIB = Decimal(2**30)
_CODE_LENGTH = 120


def of_case(case: Case, blocks: Sequence[Block], root: str, laps: Sequence[Lap] = ()) -> RouteUsage:
    """The usage of one request or call of a suite's case."""
    if isinstance(case, FunctionCase):
        return summarise(blocks, root, kind=case.kind, unit=case.unit, units=case.units, laps=laps)
    return summarise(blocks, root, laps=laps)


def summarise(
    blocks: Sequence[Block], root: str, *, kind: str = "route", unit: str = "", units: str = "", laps: Sequence[Lap] = ()
) -> RouteUsage:
    """The usage of one request of a route, or one call of a job, from all its measured blocks.

    CPU is that of the laps where there are any: nothing was counted in them.
    Memory is an upper bound: the most that a block held above the idle process, times the time of each request.
    """
    requests = sum(len(block.cpu_ns) for block in blocks)
    timed = [_NANO * lap.cpu_ns / lap.requests for lap in laps]
    cpu = timed or [_NANO * cpu_ns for block in blocks for cpu_ns in block.cpu_ns]
    usage = [_statistical(CPU, cpu), *_memory(blocks), *_counted(blocks, requests, root)]
    return RouteUsage(
        cpu_s=usage[0].mean,
        egress_bytes=_sum(usage, EGRESS),
        s3_gets=_sum(usage, S3_GET),
        kind=kind,
        unit=unit,
        units=Decimal(units) if units else None,
        samples=requests,
        usage=tuple(sorted(usage, key=lambda line: (line.meter, sorted(line.labels.items())))),
    )


def _statistical(meter: str, values: Sequence[Decimal], *, allocated: bool = False) -> MeterUsage:
    mean, sd = _mean_and_sd(values)
    return MeterUsage(
        meter=meter,
        unit=unit_of(meter),
        mean=_plain(_MEAN.plus(mean)),
        samples=len(values),
        sd=_plain(_SPREAD.plus(sd)),
        exact=False,
        allocated=allocated,
        low=_plain(_MEAN.plus(min(values))),
    )


def _memory(blocks: Sequence[Block]) -> list[MeterUsage]:
    values = [_NANO * wall_ns * block.held_bytes / _GIB for block in blocks if block.held_bytes is not None for wall_ns in block.wall_ns]
    return [_statistical(MEMORY, values, allocated=True)] if values else []


def _counted(blocks: Sequence[Block], samples: int, root: str) -> list[MeterUsage]:
    """One line for each meter and its labels; a request in which it does not occur used none of it."""
    amounts: dict[tuple[str, str, tuple[tuple[str, str], ...]], list[Decimal]] = {}
    sites: dict[tuple[str, str, tuple[tuple[str, str], ...]], dict[tuple[str, int, str], Decimal]] = {}
    for block in blocks:
        for line in block.lines:
            key = (line.meter, line.unit, tuple(sorted(line.labels.items())))
            amounts.setdefault(key, []).extend(line.amounts)
            places = sites.setdefault(key, {})
            for place, amount in line.sites:
                places[place] = places.get(place, Decimal(0)) + amount
    lines = []
    for (meter, unit, labels), counted in amounts.items():
        values = counted + [Decimal(0)] * (samples - len(counted))
        is_exact = len(set(values)) == 1
        mean, sd = _mean_and_sd(values)
        lines.append(
            MeterUsage(
                meter=meter,
                unit=unit,
                mean=_plain(values[0] if is_exact else _COUNT.plus(mean)),
                samples=samples,
                sd=_plain(_SPREAD.plus(sd)),
                exact=is_exact,
                labels=dict(labels),
                sites=_sites(sites[meter, unit, labels], samples, root),
            )
        )
    return lines


def _sites(places: dict[tuple[str, int, str], Decimal], samples: int, root: str) -> tuple[Site, ...]:
    """The lines of code, the largest consumer first."""
    found = [
        Site(
            file=file,
            line=line,
            amount=_plain(_COUNT.divide(total, Decimal(samples))),
            function=function,
            code=code_of(root, file, line),
        )
        for (file, line, function), total in places.items()
    ]
    return tuple(sorted(found, key=lambda site: (-site.amount, site.file, site.line, site.function)))


def code_of(root: str, file: str, line: int) -> str:
    """The text of a line of the project, shortened."""
    path = str(Path(root) / file)
    linecache.checkcache(path)
    return linecache.getline(path, line).strip()[:_CODE_LENGTH]


def _mean_and_sd(values: Sequence[Decimal]) -> tuple[Decimal, Decimal]:
    mean = _EXACT.divide(sum(values, Decimal(0)), Decimal(len(values)))
    return mean, statistics.stdev(values, mean) if len(values) > 1 else Decimal(0)


def _sum(usage: Iterable[MeterUsage], meter: str) -> Decimal:
    return sum((line.mean for line in usage if line.meter == meter), Decimal(0))


def _plain(value: Decimal) -> Decimal:
    """The same number without trailing zeros and without a positive exponent, as a diff wants it."""
    short = value.normalize()
    return short.quantize(Decimal(1)) if short == short.to_integral_value() else short

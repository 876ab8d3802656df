"""The level of the head's CPU: the base's, times the ratio that pairs found.

Levels move by 8 % from one minute to the next, and a ratio of neighbouring laps does not. Two levels that were measured each by
itself would contradict the change that the gate judges.
"""

from collections.abc import Mapping
from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Context, Decimal
from math import exp

from codeops.core.meter import CPU
from codeops.core.snapshot import MeterUsage, RouteUsage
from codeops.gate.evidence import Pairs
from codeops.gate.paired import estimate

__all__ = ["levelled"]

_LEVEL, _ERROR = Context(prec=4, rounding=ROUND_HALF_EVEN), Context(prec=2, rounding=ROUND_HALF_EVEN)


def levelled(head: Mapping[str, RouteUsage], base: Mapping[str, RouteUsage], pairs: Mapping[str, Pairs]) -> dict[str, RouteUsage]:
    """The head's routes, those that enough pairs compared with a CPU that stands to the base's as the pairs say."""
    return {route: _levelled(usage, base.get(route), pairs.get(route)) for route, usage in head.items()}


def _levelled(head: RouteUsage, base: RouteUsage | None, pairs: Pairs | None) -> RouteUsage:
    found = pairs and estimate(pairs.cpu, pairs.precision.floor)
    if base is None or not found or not base.cpu_s or not head.cpu_s:
        return head
    factor = base.cpu_s * Decimal(repr(exp(found.mean))) / head.cpu_s
    lines = tuple(_scaled(line, factor) if line.meter == CPU else line for line in head.usage)
    return replace(head, cpu_s=_LEVEL.multiply(head.cpu_s, factor), usage=lines)


def _scaled(line: MeterUsage, factor: Decimal) -> MeterUsage:
    sites = tuple(
        replace(
            site, amount=_LEVEL.multiply(site.amount, factor), error=None if site.error is None else _ERROR.multiply(site.error, factor)
        )
        for site in line.sites
    )
    low = None if line.low is None else _LEVEL.multiply(line.low, factor)
    return replace(line, mean=_LEVEL.multiply(line.mean, factor), sd=_ERROR.multiply(line.sd, factor), low=low, sites=sites)

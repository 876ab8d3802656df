"""The lines on which a route's CPU is spent, as a profile distributes what was timed without one."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Context, Decimal

from codeops.bench.profiles.profile import Profile
from codeops.bench.summary import code_of
from codeops.core.meter import CPU
from codeops.core.snapshot import MeterUsage, RouteUsage, Site

__all__ = ["with_lines"]

_MOST = 20
_LEAST_SHARE = 0.01
_AMOUNT, _ERROR = Context(prec=3, rounding=ROUND_HALF_EVEN), Context(prec=2, rounding=ROUND_HALF_EVEN)


def with_lines(routes: Mapping[str, RouteUsage], profiles: Mapping[str, Profile], root: str) -> dict[str, RouteUsage]:
    """The routes, those with a profile with the lines of their CPU: at most 20, each of at least 1 % of it."""
    return {route: _with_lines(usage, profiles[route], root) if route in profiles else usage for route, usage in routes.items()}


def _with_lines(usage: RouteUsage, profile: Profile, root: str) -> RouteUsage:
    lines = tuple(replace(line, sites=_sites(line, profile, root)) if line.meter == CPU else line for line in usage.usage)
    return replace(usage, usage=lines)


def _sites(line: MeterUsage, profile: Profile, root: str) -> tuple[Site, ...]:
    shares = sorted(profile.shares().items(), key=lambda item: (-item[1][0], item[0]))
    return tuple(
        Site(
            file=file,
            line=number,
            amount=_part(line.mean, share, _AMOUNT),
            function=function,
            code=code_of(root, file, number),
            error=_part(line.mean, error, _ERROR),
        )
        for (file, number, function), (share, error) in shares[:_MOST]
        if share >= _LEAST_SHARE
    )


def _part(whole: Decimal, share: float, rounding: Context) -> Decimal:
    return rounding.multiply(whole, Decimal(repr(share)))

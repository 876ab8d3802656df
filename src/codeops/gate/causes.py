"""Causes: which lines of code consume more than before.

Lines of code move when others are added, so places are matched by what they are, not by their number: the same code in the same
function of the same file first, then any code of the same function, then the same code elsewhere (it moved).
"""

from collections.abc import Callable, Iterable
from decimal import Decimal

from codeops.core.location import Location
from codeops.core.report import Cause
from codeops.core.snapshot import MeterUsage, Site
from codeops.gate.advice import advice_for, grown
from codeops.gate.lines import Line

__all__ = ["causes_of"]

_LEVELS: tuple[Callable[[Site], tuple[str, ...]], ...] = (
    lambda site: (site.file, site.function, site.code),
    lambda site: (site.file, site.function),
    lambda site: (site.code,) if site.code else (site.file, site.function, str(site.line)),
)


def causes_of(lines: Iterable[Line], requests_per_month: int | None) -> tuple[Cause, ...]:
    """The places whose use of the meters in `lines` grew, the most expensive first.

    A line that did not grow as a whole has no causes: work that moved within it costs nothing more.
    What no place accounts for is a cause without a location.
    """
    found = [cause for line in lines if line.growth > 0 for cause in _line_causes(line, requests_per_month)]
    return tuple(sorted(found, key=lambda cause: (-(cause.cost or Decimal(0)), -cause.amount, cause.text)))


def _line_causes(line: Line, requests_per_month: int | None) -> list[Cause]:
    grew = _grown_sites(_sites(line.base), _sites(line.head))
    causes = [_cause(line, amount, site, requests_per_month) for site, amount in grew]
    placed = sum((site.amount for site in _sites(line.head)), Decimal(0)) - sum((site.amount for site in _sites(line.base)), Decimal(0))
    unplaced = line.growth - placed
    if unplaced > line.growth / 100 and not (line.base and _sites(line.head) and not _sites(line.base)):
        causes.append(_cause(line, unplaced, None, requests_per_month))
    return causes

"""The end of every judgement: what part of the suite it is about, and what the project's waivers let pass."""

from collections.abc import Sequence
from datetime import date

from codeops.core.report import Report
from codeops.core.selection import Selection
from codeops.core.waiver import Waiver
from codeops.gate.waiver import apply
from codeops.pipeline.selecting import tell

__all__ = ["conclude"]


def conclude(report: Report, selection: Selection, waivers: Sequence[Waiver], day: date) -> Report:
    """The report as the project sees it on `day`.

    Raises: CurrencyMismatch for a waiver's ceiling in another currency.
    """
    return apply(tell(report, selection), waivers, day)

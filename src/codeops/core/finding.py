"""Findings: the only diagnostic type. Every check yields them, every format shows them."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from codeops.core.location import Location
from codeops.core.waiver import Waiver

__all__ = ["Finding", "Severity"]


class Severity(StrEnum):
    """How much a finding matters; only `error` fails a gate."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is wrong, why, how to fix it, where, and the money at stake.

    `rule` is a stable kebab-case name (`route-budget`, `calls-grew`); `message` stands alone on one line.
    `waived` is the waiver under which it does not count, None for most.
    Units: `monthly` is money a month in the report's currency, None where traffic is not known.
    """

    rule: str
    severity: Severity
    message: str
    why: str = ""
    fix: str = ""
    route: str = ""
    meter: str = ""
    location: Location | None = None
    monthly: Decimal | None = None
    waived: Waiver | None = None

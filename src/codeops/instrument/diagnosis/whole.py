"""The diagnosis as a whole."""

import os
from collections.abc import Mapping
from datetime import date

from codeops.instrument.diagnosis import hooked, money, runtime, surroundings, telemetry, variables
from codeops.instrument.diagnosis.section import Diagnosis

__all__ = ["diagnose"]


def diagnose(pricebook: str | None = None, *, environ: Mapping[str, str] | None = None, at: date | None = None) -> Diagnosis:
    """What CodeOps would do in this environment, with the price book named here or else by its variable, on the day `at` (today)."""
    around = os.environ if environ is None else environ
    settings = variables.usable(around)
    place, labels = surroundings.examine(around, settings)
    day = at or date.today()  # ruff: ignore[call-date-today] - prices hold by the calendar of who asks
    return Diagnosis(
        (
            runtime.examine(settings),
            telemetry.examine(around),
            money.examine(pricebook or settings.pricebook, labels, day, settings.labels),
            place,
            hooked.examine(settings),
            variables.examine(around),
        )
    )

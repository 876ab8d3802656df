"""The way in without a line of code: `opentelemetry-instrument` calls `start` in every Python process that it starts.

It stands in the entry-point group `opentelemetry_pre_instrument`: the SDK's providers exist by then, and libraries are not
instrumented yet, so that what a client library counts is inside of that library's own span. An exception here would
take OpenTelemetry away from the program, and so would one in the group `opentelemetry_post_instrument`.
"""

import os

__all__ = ["VARIABLE", "start"]

VARIABLE = "CODEOPS_PRICEBOOK"
"""The variable that asks for CodeOps; without it the package may be installed wherever it wants."""


def start() -> None:
    """Puts the instrumentation in, as the variables CODEOPS_* have it, if `CODEOPS_PRICEBOOK` is set; raises nothing."""
    if not os.environ.get(VARIABLE, "").strip():
        return
    from codeops.instrument.guard import guarded

    guarded(_start)


def _start() -> None:
    from codeops.instrument import instrument

    instrument()

"""What OpenTelemetry still holds back, spans and totals, is sent before a process is gone whose exit functions do not run."""

import threading
from collections.abc import Callable

from codeops.instrument.guard import guarded

__all__ = ["LONGEST_S", "flush", "flushing"]

LONGEST_S = 5.0
"""How long an exporter whose receiver does not answer may hold the process up; the SDK's own exit takes longer."""


def flushing(when_done: Callable[[], None] = lambda: None) -> threading.Thread:
    """A thread that sends everything, and then says so; nobody has to wait for it."""

    def send() -> None:
        guarded(_flush)
        guarded(when_done)

    thread = threading.Thread(target=send, name="codeops-flush", daemon=True)
    thread.start()
    return thread


def flush() -> None:
    """Sends everything, if that takes no longer than `LONGEST_S`."""
    flushing().join(LONGEST_S)


def _flush() -> None:
    from opentelemetry import metrics, trace

    for provider in (trace.get_tracer_provider(), metrics.get_meter_provider()):
        force = getattr(provider, "force_flush", None)  # the API's own providers have nothing to send
        if force is not None:
            guarded(force, int(LONGEST_S * 1000))

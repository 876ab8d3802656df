"""The end of a process in Celery's pool: what OpenTelemetry still holds back is sent before the process is gone.

Such a process ends without Python's exit functions, so that the SDK's does not run.
Source: https://docs.celeryq.dev/en/stable/userguide/signals.html#worker-process-shutdown
"""

import sys
from typing import Any

from codeops.instrument.recorder import current
from codeops.instrument.servers._flush import flush

__all__ = ["MODULE", "VERSIONS", "install", "uninstall"]

MODULE = "celery.signals"

VERSIONS = "Celery 5.3 to 5.7"


def install() -> None:
    """Listens for the end of pool processes."""
    from celery.signals import worker_process_shutdown  # type: ignore[import-untyped, unused-ignore]

    worker_process_shutdown.connect(_ended, weak=False)


def uninstall() -> None:
    """Listens no longer."""
    signals = sys.modules.get(MODULE)
    if signals is not None:
        signals.worker_process_shutdown.disconnect(_ended)


def _ended(**_signal: Any) -> None:
    if current() is not None:
        flush()

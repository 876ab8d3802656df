"""uvicorn's end: what OpenTelemetry still holds back, spans and totals, is sent before the process is gone.

After an orderly shutdown uvicorn raises the signal that it was sent once more, which ends the process at once: Python's
exit functions, and with them the SDK's, do not run, and the last seconds would be lost with each deployment.
Source: `Server.capture_signals`, https://github.com/encode/uvicorn/pull/1600, since 0.29.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from codeops.instrument.guard import guarded
from codeops.instrument.patch import Hooks, Live

__all__ = ["MODULE", "VERSIONS", "install", "uninstall"]

MODULE = "uvicorn.server"

VERSIONS = "uvicorn 0.20 to 0.54"

_LONGEST_S = 5.0
"""How long an exporter whose receiver does not answer may hold the process up; the SDK's own exit takes longer."""

_hooks = Hooks()


def install() -> None:
    """Hooks the end of the server's shutdown: all requests have been answered, and the application has been told."""
    from uvicorn.server import Server

    _hooks.wrap(Server, "shutdown", _ending)


def uninstall() -> None:
    """Takes the hook out."""
    _hooks.undo()


def _ending(original: Callable[..., Any], live: Live) -> Callable[..., Any]:
    async def shutdown(server: Any, *args: Any, **kwargs: Any) -> None:
        await original(server, *args, **kwargs)
        if live() is not None and not server.force_exit:
            await _flushed()

    return shutdown


async def _flushed() -> None:
    """Sends everything, in a thread that nobody waits for any longer than this."""
    loop, is_done = asyncio.get_running_loop(), asyncio.Event()

    def send() -> None:
        guarded(_flush)
        with suppress(RuntimeError):  # the loop has been closed meanwhile
            loop.call_soon_threadsafe(is_done.set)

    threading.Thread(target=send, name="codeops-flush", daemon=True).start()
    with suppress(TimeoutError):
        await asyncio.wait_for(is_done.wait(), _LONGEST_S)


def _flush() -> None:
    from opentelemetry import metrics, trace

    for provider in (trace.get_tracer_provider(), metrics.get_meter_provider()):
        flush = getattr(provider, "force_flush", None)  # the API's own providers have nothing to send
        if flush is not None:
            guarded(flush, int(_LONGEST_S * 1000))

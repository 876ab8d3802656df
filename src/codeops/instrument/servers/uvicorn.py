"""uvicorn's end: what OpenTelemetry still holds back is sent before the process is gone.

After an orderly shutdown uvicorn raises the signal that it was sent once more, which ends the process at once: Python's
exit functions, and with them the SDK's, do not run, and the last seconds would be lost with each deployment.
Source: `Server.capture_signals`, https://github.com/encode/uvicorn/pull/1600, since 0.29.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from codeops.instrument.patch import Hooks, Live
from codeops.instrument.servers._flush import LONGEST_S, flushing

__all__ = ["MODULE", "VERSIONS", "install", "uninstall"]

MODULE = "uvicorn.server"

VERSIONS = "uvicorn 0.20 to 0.54"

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
    loop, is_done = asyncio.get_running_loop(), asyncio.Event()

    def tell() -> None:
        with suppress(RuntimeError):  # the loop has been closed meanwhile
            loop.call_soon_threadsafe(is_done.set)

    flushing(tell)
    with suppress(TimeoutError):
        await asyncio.wait_for(is_done.wait(), LONGEST_S)

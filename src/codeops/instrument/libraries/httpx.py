"""HTTP calls of httpx, sync and async."""

from codeops.instrument.libraries._httpx import METERS, hook, unhook
from codeops.instrument.patch import Hooks

__all__ = ["METERS", "MODULE", "VERSIONS", "install", "uninstall"]

MODULE = "httpx"

VERSIONS = "httpx 0.25 to 0.28"

_hooks = Hooks()


def install() -> None:
    """Hooks the transports, and the pools below them."""
    import httpx

    hook(_hooks, httpx)


def uninstall() -> None:
    """Takes the hooks out."""
    unhook(_hooks, MODULE)

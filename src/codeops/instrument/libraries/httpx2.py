"""HTTP calls of httpx2, sync and async."""

from codeops.instrument.libraries._httpx import METERS, hook, unhook
from codeops.instrument.patch import Hooks

__all__ = ["METERS", "MODULE", "VERSIONS", "install", "uninstall"]

MODULE = "httpx2"

VERSIONS = "httpx2 2.0 to 2.16"

_hooks = Hooks()


def install() -> None:
    """Hooks the transports, and the pools below them."""
    import httpx2

    hook(_hooks, httpx2)


def uninstall() -> None:
    """Takes the hooks out."""
    unhook(_hooks, MODULE)

"""Responses and WebSockets of Starlette, and of the frameworks that inherit from its application."""

from codeops.instrument.patch import Hooks
from codeops.instrument.servers._hook import hook_asgi

__all__ = ["MODULE", "VERSIONS", "install", "uninstall"]

MODULE = "starlette.applications"

VERSIONS = "Starlette 0.27 to 1.10"

_hooks = Hooks()


def install() -> None:
    """Hooks the application's entrance."""
    from starlette.applications import Starlette

    hook_asgi(_hooks, Starlette)


def uninstall() -> None:
    """Takes the hook out."""
    _hooks.undo()

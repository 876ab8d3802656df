"""Responses and WebSockets of FastAPI, whose own telemetry starts the span of a request before Starlette sees it."""

from codeops.instrument.patch import Hooks
from codeops.instrument.servers._hook import hook_asgi

__all__ = ["MODULE", "VERSIONS", "install", "uninstall"]

MODULE = "fastapi.applications"

VERSIONS = "FastAPI 0.100 to 0.165"

_hooks = Hooks()


def install() -> None:
    """Hooks the application's entrance."""
    from fastapi.applications import FastAPI

    hook_asgi(_hooks, FastAPI)


def uninstall() -> None:
    """Takes the hook out."""
    _hooks.undo()

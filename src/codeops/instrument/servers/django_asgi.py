"""Responses of Django under an ASGI server."""

from codeops.instrument.patch import Hooks
from codeops.instrument.servers import _django
from codeops.instrument.servers._hook import hook_asgi

__all__ = ["MODULE", "VERSIONS", "install", "uninstall"]

MODULE = "django.core.handlers.asgi"

VERSIONS = "Django 4.2 to 6.1"

_hooks = Hooks()


def install() -> None:
    """Hooks the handler's entrance, the resolver, and the end of OpenTelemetry's span."""
    from django.core.handlers.asgi import ASGIHandler  # type: ignore[import-untyped, unused-ignore]

    hook_asgi(_hooks, ASGIHandler)
    _django.install()


def uninstall() -> None:
    """Takes the hooks out."""
    _hooks.undo()
    _django.uninstall()

"""Responses of Django under a WSGI server."""

from codeops.instrument.patch import Hooks
from codeops.instrument.servers import _django
from codeops.instrument.servers._hook import hook_wsgi

__all__ = ["MODULE", "VERSIONS", "install", "uninstall"]

MODULE = "django.core.handlers.wsgi"

VERSIONS = "Django 4.2 to 6.1"

_hooks = Hooks()


def install() -> None:
    """Hooks the handler's entrance, the resolver, and the end of OpenTelemetry's span."""
    from django.core.handlers.wsgi import WSGIHandler  # type: ignore[import-untyped, unused-ignore]

    hook_wsgi(_hooks, WSGIHandler, lambda _: None)
    _django.install()


def uninstall() -> None:
    """Takes the hooks out."""
    _hooks.undo()
    _django.uninstall()

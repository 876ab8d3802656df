"""Responses of Flask."""

from collections.abc import MutableMapping
from typing import Any

from codeops.instrument.patch import Hooks
from codeops.instrument.servers._hook import hook_wsgi

__all__ = ["MODULE", "VERSIONS", "install", "uninstall"]

MODULE = "flask.app"

VERSIONS = "Flask 2.3 to 3.1"

_hooks = Hooks()


def install() -> None:
    """Hooks the application's entrance, outside of `wsgi_app` and of the middleware put around it."""
    from flask.app import Flask

    hook_wsgi(_hooks, Flask, _route)


def uninstall() -> None:
    """Takes the hook out."""
    _hooks.undo()


def _route(environ: MutableMapping[str, Any]) -> str | None:
    rule = getattr(environ.get("werkzeug.request"), "url_rule", None)
    template: str | None = getattr(rule, "rule", None)
    return template

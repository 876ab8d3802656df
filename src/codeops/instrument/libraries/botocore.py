"""Calls of AWS through botocore, and so those of boto3 and s3transfer: each attempt, what it sent and what was read of its answer."""

import gc
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from codeops.instrument.guard import guarded
from codeops.instrument.libraries._aws import METERS, Listener
from codeops.instrument.libraries._layer import taken
from codeops.instrument.libraries._stream import Counted
from codeops.instrument.patch import Hooks, Live

__all__ = ["METERS", "MODULE", "VERSIONS", "install", "uninstall"]

MODULE = "botocore.client"

VERSIONS = "botocore 1.34 to 1.43, and boto3, s3transfer and whatever else makes its clients with it; not the transfers of awscrt"

_hooks = Hooks()
_refused: ContextVar[bool] = ContextVar("codeops_s3_refused", default=False)
"""Whether the server answered the attempt that runs in this context without wanting its body."""


def install() -> None:
    """Listens to every client, those made already and those to come."""
    from botocore.awsrequest import AWSConnection
    from botocore.client import BaseClient, ClientCreator
    from botocore.httpsession import URLLib3Session

    _hooks.wrap(AWSConnection, "_handle_expect_response", _expecting)
    _hooks.wrap(URLLib3Session, "send", _sending)
    _hooks.wrap(ClientCreator, "create_client", _listening)
    if BaseClient.__subclasses__():  # each service has its own, made with its first client
        for made in gc.get_objects():
            # By type: `isinstance` asks `__class__`, at which lazy objects such as Django's settings wake up.
            if issubclass(type(made), BaseClient) and "meta" in vars(made) and not _is_async(type(made)):
                guarded(_listener.listen, made.meta.events)


def uninstall() -> None:
    """Listens no more, to old clients neither."""
    _hooks.undo()


def _listening(original: Callable[..., Any], _live: Live) -> Callable[..., Any]:
    def create_client(*args: Any, **kwargs: Any) -> Any:
        client = original(*args, **kwargs)
        guarded(_listener.listen, client.meta.events)
        return client

    return create_client


def _sending(original: Callable[..., Any], live: Live) -> Callable[..., Any]:
    def send(self: Any, request: Any) -> Any:
        if live() is None:
            return original(self, request)
        with taken():
            return original(self, request)

    return send


def _expecting(original: Callable[..., Any], live: Live) -> Callable[..., Any]:
    def expected(self: Any, message_body: Any) -> Any:
        try:
            return original(self, message_body)
        finally:
            if live() is not None:
                _refused.set(bool(getattr(self, "_response_received", False)))

    return expected


def _was_refused() -> bool:
    was = _refused.get()
    if was:
        _refused.set(False)
    return was


def _is_async(kind: type) -> bool:
    """Whether this is the class of a client of aiobotocore, which is counted as its own library."""
    return any(parent.__module__.startswith("aiobotocore.") for parent in kind.__mro__)


def _watch(body: Any, note: Callable[[int], None]) -> None:
    """Counts below the body, which hands its raw stream out (`with body as raw`, `readlines`)."""
    raw = body._raw_stream  # ruff: ignore[private-member-access] - no public place sees every read
    body._raw_stream = Counted(raw, note)  # ruff: ignore[private-member-access]


_listener = Listener(_hooks, _watch, _was_refused)

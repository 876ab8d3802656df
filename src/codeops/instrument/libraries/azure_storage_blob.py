"""Calls of Azure Blob Storage through azure-storage-blob, each attempt in the type of operation that it is billed as.

Requests that are refused for want of authentication are not billed, all others are, also those that fail.
A change of tier counts as a write, which it is downwards; upwards it is billed as a read, and nothing here tells which it is.
Source: Azure, Map each REST operation to a price (standard general-purpose v2), read 2026-11-25.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

from codeops.instrument.guard import guarded
from codeops.instrument.libraries._layer import taken
from codeops.instrument.patch import Hooks, Live
from codeops.instrument.recorder import count

__all__ = ["METERS", "MODULE", "VERSIONS", "install", "uninstall"]

MODULE = "azure.storage.blob"

METERS = {
    "azure.blob.read": ("{request}", "operations that read a blob, by `storage_class` where the answer names it, which it seldom does"),
    "azure.blob.write": ("{request}", "operations that write, blocks and lists of blocks included, by `storage_class` if asked for"),
    "azure.blob.list": ("{request}", "operations that list, and containers created"),
    "azure.blob.other": ("{request}", "all other operations, such as asking for properties"),
    "azure.blob.delete": ("{request}", "deletes; free"),
    "azure.blob.upload": ("By", "bodies of requests, each attempt counted"),
    "azure.blob.download": ("By", "bodies of answers, as they were sent"),
    "azure.blob.retrieval": ("By", "downloaded bytes of blobs in a `storage_class` that charges for retrieval"),
}

VERSIONS = "azure-storage-blob 12.24 to 12.31, sync and asyncio"

_WRITES = frozenset({"", "block", "blocklist", "appendblock", "page", "seal", "tier", "undelete"})
"""What a PUT of a blob writes, by its `comp`; the others are leases, metadata, tags, snapshots and the like."""

_RETRIEVED = frozenset({"cool", "cold"})
_IN_BATCH = re.compile(rb"^([A-Z]+) \S+ HTTP/1\.1\r?$", re.MULTILINE)
_hooks = Hooks()


def install() -> None:
    """Hooks the library's own policy that stands next to the transport, sync and async."""
    from azure.storage.blob._shared.policies import StorageResponseHook  # ruff: ignore[import-private-name] - sees each attempt
    from azure.storage.blob._shared.policies_async import AsyncStorageResponseHook  # ruff: ignore[import-private-name]

    _hooks.wrap(StorageResponseHook, "send", _sending)
    _hooks.wrap(AsyncStorageResponseHook, "send", _sending_async)


def uninstall() -> None:
    """Takes the hooks out."""
    _hooks.undo()


def _sending(original: Callable[..., Any], live: Live) -> Callable[..., Any]:
    def send(self: Any, request: Any) -> Any:
        if live() is None:
            return original(self, request)
        with taken():
            response = original(self, request)
        guarded(_note, request.http_request, response.http_response, is_streamed=bool(request.context.options.get("stream")))
        return response

    return send


def _sending_async(original: Callable[..., Any], live: Live) -> Callable[..., Any]:
    async def send(self: Any, request: Any) -> Any:
        if live() is None:
            return await original(self, request)
        with taken():
            response = await original(self, request)
        guarded(_note, request.http_request, response.http_response, is_streamed=bool(request.context.options.get("stream")))
        return response

    return send


def _note(request: Any, response: Any, *, is_streamed: bool) -> None:
    tier = request.headers.get("x-ms-access-tier") or response.headers.get("x-ms-access-tier")
    labels = {"storage_class": tier.lower()} if tier else {}
    if response.status_code != 401 and response.headers.get("x-ms-error-code") != "AuthenticationFailed":
        for kind in _operations(request):
            count(f"azure.blob.{kind}", 1, labels=labels if kind in {"read", "write"} else {})
    sent = int(request.headers.get("Content-Length") or 0)
    if sent:
        count("azure.blob.upload", sent, "By")
    received = _received(request, response, is_streamed=is_streamed)
    if received:
        count("azure.blob.download", received, "By")
        if labels.get("storage_class") in _RETRIEVED and response.status_code < 300 and request.method == "GET":
            count("azure.blob.retrieval", received, "By", labels)


def _received(request: Any, response: Any, *, is_streamed: bool) -> int:
    """What the answer says, or, of one without a length, what was read of it already; nothing is read here."""
    declared = response.headers.get("Content-Length")
    if request.method == "HEAD" or (declared is None and is_streamed):
        return 0
    return int(declared) if declared is not None else len(response.body())


def _operations(request: Any) -> Iterator[str]:
    """The types of what a request asks for: several in a batch, where a change of tier is billed as another operation."""
    query = parse_qs(urlsplit(request.url).query)
    component = query.get("comp", [""])[0]
    if component == "batch":
        body = request.body if isinstance(request.body, bytes) else str(request.body or "").encode()
        for method in _IN_BATCH.findall(body):
            yield "delete" if method == b"DELETE" else "other"
    else:
        yield _kind(request.method, query.get("restype", [""])[0], component)


def _kind(method: str, resource: str, component: str) -> str:
    """The type of one operation.

    Example:
        >>> _kind("PUT", "", "block"), _kind("GET", "container", "list"), _kind("HEAD", "", "")
        ('write', 'list', 'other')
    """
    if component in {"list", "blobs"}:
        return "list"
    if method == "DELETE" and not component:
        return "delete"
    if resource == "container" and method == "PUT" and component in {"", "undelete"}:
        return "list"
    if resource:
        return "other"
    if method == "PUT" and component in _WRITES:
        return "write"
    return "read" if (method, component) in {("GET", ""), ("POST", "query")} else "other"

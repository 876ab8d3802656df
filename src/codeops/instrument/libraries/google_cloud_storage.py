"""Calls of Google Cloud Storage through google-cloud-storage, each attempt in the class of operations that it is billed in.

Class A are the operations that add, change and list, class B those that read one thing, deletes are free. An upload is one
operation, in however many chunks it is sent; a batch is what it holds. Answers 307, 4xx and 5xx are not charged.
Source: Cloud Storage pricing (Operations by class), 2026-11-25, and `prices/data/gcp/storage.toml`.
"""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from codeops.instrument.guard import guarded
from codeops.instrument.libraries._layer import taken
from codeops.instrument.patch import Hooks, Live
from codeops.instrument.recorder import count

__all__ = ["METERS", "MODULE", "VERSIONS", "install", "uninstall"]

MODULE = "google.cloud.storage"

METERS = {
    "gcp.storage.class_a": ("{request}", "operations that add, change or list, by `storage_class` where the answer names one"),
    "gcp.storage.class_b": ("{request}", "operations that read an object or its metadata, by `storage_class` where the answer names one"),
    "gcp.storage.delete": ("{request}", "deletes and other operations without a charge"),
    "gcp.storage.failed": ("{request}", "requests that were answered with 307, 4xx or 5xx; free"),
    "gcp.storage.upload": ("By", "bodies of requests, each attempt counted"),
    "gcp.storage.download": ("By", "bodies of answers, as they were sent"),
    "gcp.storage.retrieval": ("By", "downloaded bytes of objects in a `storage_class` that charges for retrieval"),
}

VERSIONS = "google-cloud-storage 2.19 to 3.17 over HTTP; its gRPC and asyncio clients are not counted"

_JSON_PATH = re.compile(r"/(?:(upload|download|batch)/)?storage/v\d+(/.*)?")
_LISTING = re.compile(r"/b|/b/[^/]+/(o|folders|managedFolders|anywhereCaches)|/projects/[^/]+/hmacKeys")
_FREE_DELETE = re.compile(r"(?!.*/(acl|defaultObjectAcl|notificationConfigs)/).*")
_IN_BATCH = re.compile(rb"^([A-Z]+) (\S+) HTTP/1\.1\r?$", re.MULTILINE)
_CLASS_IN_BODY = re.compile(rb'"storageClass": ?"([A-Z_]+)"')
_RETRIEVED = frozenset({"nearline", "coldline", "archive"})
_A, _B, _FREE = "gcp.storage.class_a", "gcp.storage.class_b", "gcp.storage.delete"

_hooks = Hooks()


def install() -> None:
    """Hooks the session of requests, over which all of the library's calls go."""
    from requests import Session

    _hooks.wrap(Session, "send", _sending)


def uninstall() -> None:
    """Takes the hook out."""
    _hooks.undo()


def _sending(original: Callable[..., Any], live: Live) -> Callable[..., Any]:
    def send(self: Any, request: Any, **kwargs: Any) -> Any:
        if live() is None or not _is_storage(request):
            return original(self, request, **kwargs)
        with taken():
            response = original(self, request, **kwargs)
        guarded(_note, request, response, is_streamed=bool(kwargs.get("stream")))
        return response

    return send


def _is_storage(request: Any) -> bool:
    """Whether the library made the request, at whatever host; others have an API at /storage/v1 too."""
    told = str((getattr(request, "headers", None) or {}).get("X-Goog-API-Client", ""))
    return "gccl-invocation-id/" in told or ("gccl/" in told and "/storage/v1" in str(request.url))


def _note(request: Any, response: Any, *, is_streamed: bool) -> None:
    answered = response.history[0] if response.history else response  # each redirect passes by on its own
    labels = _labels(request, answered, is_streamed=is_streamed)
    for meter in _operations(request):
        if answered.status_code == 307 or answered.status_code >= 400:
            count("gcp.storage.failed", 1)
        else:
            count(meter, 1, labels={} if meter == _FREE else labels)
    sent = int(request.headers.get("Content-Length") or 0)
    # What was read already is known to the byte, before decompression; a stream is as long as it says.
    received = int(answered.headers.get("Content-Length") or 0) if is_streamed else answered.raw.tell()
    if sent:
        count("gcp.storage.upload", sent, "By")
    if received:
        count("gcp.storage.download", received, "By")
        if is_streamed and labels.get("storage_class") in _RETRIEVED and answered.status_code < 300:
            count("gcp.storage.retrieval", received, "By", labels)


def _labels(request: Any, response: Any, *, is_streamed: bool) -> dict[str, str]:
    """The storage class of the one object that an answer is about."""
    told = response.headers.get("x-goog-storage-class")
    is_listing = request.method == "GET" and _LISTING.fullmatch(_json_path(request.url)[1])
    if not (told or is_streamed or is_listing or "/batch/" in request.url):
        found = _CLASS_IN_BODY.search(response.content)
        told = found[1].decode() if found else None
    return {"storage_class": told.lower()} if told else {}


def _operations(request: Any) -> list[str]:
    """The meters of what a request asks for: several in a batch, none for a further chunk of an upload."""
    kind, _ = _json_path(request.url)
    if kind == "batch":
        body = request.body or b""
        parts = _IN_BATCH.findall(body if isinstance(body, bytes) else body.encode())
        return [meter for method, url in parts if (meter := _class(method.decode(), url.decode()))]
    return [meter] if (meter := _class(request.method, request.url)) else []


def _class(method: str, url: str) -> str:
    """The meter of one operation; empty where it belongs to one that was counted before.

    Example:
        >>> _class("GET", "https://storage.googleapis.com/storage/v1/b/bucket/o?prefix=a")
        'gcp.storage.class_a'
        >>> _class("GET", "https://storage.googleapis.com/storage/v1/b/bucket/o/name")
        'gcp.storage.class_b'
    """
    kind, path = _json_path(url)
    if kind == "upload" and "upload_id=" in url:
        return ""
    if method == "DELETE":
        return _FREE if _FREE_DELETE.fullmatch(path) else _A
    if method in {"GET", "HEAD"}:
        is_listing = _LISTING.fullmatch(path) if kind != "xml" else path.strip("/").count("/") == 0
        return _A if is_listing else _B
    return _FREE if path.endswith("/channels/stop") else _A


def _json_path(url: str) -> tuple[str, str]:
    """How the JSON API is used and for what; "xml" and the whole path for any other address."""
    path = urlsplit(url).path
    found = _JSON_PATH.fullmatch(path)
    return (found[1] or "", found[2] or "") if found else ("xml", path)

"""Calls of AWS through aiobotocore, and so those of aioboto3 and s3fs, counted as those of botocore are."""

import gc
from collections.abc import AsyncIterator, Callable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from codeops.instrument.guard import guarded
from codeops.instrument.libraries._aws import METERS, Listener
from codeops.instrument.libraries._layer import taken
from codeops.instrument.patch import Hooks, Live

__all__ = ["METERS", "MODULE", "VERSIONS", "install", "uninstall"]

MODULE = "aiobotocore.client"

VERSIONS = "aiobotocore 2.20 to 3.10 over aiohttp, 3.10 over httpx"

_hooks = Hooks()


def install() -> None:
    """Listens to every client, those made already and those to come."""
    from aiobotocore.client import AioBaseClient, AioClientCreator  # type: ignore[import-untyped, unused-ignore]

    _hooks.wrap(AioClientCreator, "create_client", _listening)
    for module, session in (("httpsession", "AIOHTTPSession"), ("httpxsession", "HttpxSession")):  # the second since 2.22
        if find_spec(f"aiobotocore.{module}") is not None:
            _hooks.wrap(getattr(import_module(f"aiobotocore.{module}"), session), "send", _sending)
    if AioBaseClient.__subclasses__():
        for made in gc.get_objects():
            if issubclass(type(made), AioBaseClient) and "meta" in vars(made):
                guarded(_listener.listen, made.meta.events)


def uninstall() -> None:
    """Listens no more, to old clients neither."""
    _hooks.undo()


def _listening(original: Callable[..., Any], _live: Live) -> Callable[..., Any]:
    async def create_client(*args: Any, **kwargs: Any) -> Any:
        client = await original(*args, **kwargs)
        guarded(_listener.listen, client.meta.events)
        return client

    return create_client


def _sending(original: Callable[..., Any], live: Live) -> Callable[..., Any]:
    async def send(self: Any, request: Any) -> Any:
        if live() is None:
            return await original(self, request)
        with taken():
            return await original(self, request)

    return send


def _watch(body: Any, note: Callable[[int], None]) -> None:
    """Counts below the body, which hands its raw response out (`async with body as response` at first, `raw_stream` since)."""
    response = getattr(body, "_raw_stream", None) or body.__wrapped__
    if hasattr(response, "aiter_raw"):
        response.stream = _httpx_stream(type(response).__module__.partition(".")[0])(response.stream, note)
    else:
        response.content = _aiohttp_reader()(response.content, note)


@cache
def _aiohttp_reader() -> Any:
    from aiohttp import StreamReader

    class Reader:
        """A reader of aiohttp, whose iterators are made out of these methods."""

        __aiter__, iter_any = StreamReader.__aiter__, StreamReader.iter_any
        iter_chunked, iter_chunks = StreamReader.iter_chunked, StreamReader.iter_chunks

        def __init__(self, reader: Any, note: Callable[[int], None]) -> None:
            self._codeops_reader, self._codeops_note = reader, note

        def _codeops_told(self, data: bytes) -> bytes:
            guarded(self._codeops_note, len(data))
            return data

        async def read(self, *args: Any) -> bytes:
            return self._codeops_told(await self._codeops_reader.read(*args))

        async def readany(self) -> bytes:
            return self._codeops_told(await self._codeops_reader.readany())

        async def readline(self, *args: Any, **kwargs: Any) -> bytes:
            return self._codeops_told(await self._codeops_reader.readline(*args, **kwargs))

        async def readexactly(self, *args: Any) -> bytes:
            return self._codeops_told(await self._codeops_reader.readexactly(*args))

        async def readchunk(self) -> tuple[bytes, bool]:
            data, is_end = await self._codeops_reader.readchunk()
            return self._codeops_told(data), is_end

        def __getattr__(self, name: str) -> Any:
            return getattr(self.__dict__["_codeops_reader"], name)

    return Reader


@cache
def _httpx_stream(package: str) -> Any:
    """A stream of httpx or httpx2, of which aiobotocore takes what it finds."""

    class Stream(import_module(package).AsyncByteStream):  # type: ignore[misc]
        def __init__(self, stream: Any, note: Callable[[int], None]) -> None:
            self._stream, self._note = stream, note

        async def __aiter__(self) -> AsyncIterator[bytes]:
            async for chunk in self._stream:
                guarded(self._note, len(chunk))
                yield chunk

        async def aclose(self) -> None:
            await self._stream.aclose()

    return Stream


_listener = Listener(_hooks, _watch)

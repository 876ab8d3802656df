"""A load generator on loopback that sees each byte that comes back."""

import asyncio
import itertools
from collections.abc import Iterable
from dataclasses import dataclass

from instrument.servers.peer import handed_over


@dataclass(frozen=True)
class Request:
    """What is asked for; `route` is the template that its span should name."""

    route: str
    path: str
    tenant: str = ""

    def encoded(self) -> bytes:
        tenant = f"X-Tenant: {self.tenant}\r\n" if self.tenant else ""
        return f"GET {self.path} HTTP/1.1\r\nHost: localhost\r\n{tenant}\r\n".encode()


@dataclass(frozen=True)
class Response:
    request: Request
    status: int
    size: int
    """Bytes on the wire."""

    own_size: int
    """The same without what the server adds: its headers, and the lengths of chunks."""


def drive(port: int, requests: Iterable[Request], concurrency: int = 32) -> list[Response]:
    """Asks for all of them, `concurrency` at a time, each over a connection that is kept where the server keeps it."""
    return asyncio.run(_drive(port, list(requests), concurrency))


async def _drive(port: int, requests: list[Request], concurrency: int) -> list[Response]:
    waiting = iter(requests)
    clients = [_client(port, waiting) for _ in range(concurrency)]
    return list(itertools.chain.from_iterable(await asyncio.gather(*clients)))


async def _client(port: int, waiting: Iterable[Request]) -> list[Response]:
    responses, connection = [], None
    for request in waiting:
        if connection is None:
            connection = await asyncio.open_connection("127.0.0.1", port)
        reader, writer = connection
        writer.write(request.encoded())
        raw = await _response(reader)
        head = raw.partition(b"\r\n\r\n")[0].lower()
        responses.append(Response(request, int(raw.split(b" ", 2)[1]), len(raw), handed_over(raw)))
        if b"connection: close" in head:
            writer.close()
            await writer.wait_closed()
            connection = None
    if connection is not None:
        connection[1].close()
        await connection[1].wait_closed()
    return responses


async def _response(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    lowered = head.lower()
    if b"transfer-encoding: chunked" in lowered:
        parts = [head]
        while True:
            parts.append(await reader.readuntil(b"\r\n"))
            size = int(parts[-1], 16)
            parts.append(await reader.readexactly(size + 2))
            if not size:
                return b"".join(parts)
    length = int(lowered.partition(b"content-length: ")[2].split(b"\r\n")[0] or 0)
    return head + await reader.readexactly(length)

"""Load on an HTTP service from one thread: keep-alive connections that ask again as soon as they are answered."""

import asyncio
import time

__all__ = ["requests_in"]

CONNECTIONS = 16


def requests_in(port: int, path: str, seconds: float) -> int:
    """How many requests the service on this port of loopback answers in so many seconds of wall time.

    Raises: RuntimeError for an answer other than 200.
    """
    return asyncio.run(_requests_in(port, path, seconds))


async def _requests_in(port: int, path: str, seconds: float) -> int:
    end = time.perf_counter() + seconds
    counts = await asyncio.gather(*(_connection(port, path, end) for _ in range(CONNECTIONS)))
    return sum(counts)


async def _connection(port: int, path: str, end: float) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
    answered = 0
    try:
        while time.perf_counter() < end:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"the service answered {head!r}")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            answered += 1
    finally:
        writer.close()
    return answered

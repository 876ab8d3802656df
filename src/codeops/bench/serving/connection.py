"""HTTP/1.1 over one connection that is kept, with every byte counted that comes back."""

import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

from codeops.core.errors import FailedCall
from codeops.instrument.response import has_body

__all__ = ["Connection", "Reply"]

_BODY = frozenset({"POST", "PUT", "PATCH"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back. Units: `wire_bytes` is all of it, status line, headers and body with its framing."""

    status: int
    body: bytes
    wire_bytes: int


class Connection:
    """A client of one service on loopback; it connects when it has to."""

    def __init__(self, name: str, port: int, timeout_s: float) -> None:
        self._name, self._port, self._timeout_s = name, port, timeout_s
        self._socket: socket.socket | None = None
        self._input: IO[bytes] | None = None

    def ask(self, method: str, path: str, headers: tuple[tuple[str, str], ...], body: bytes) -> Reply:
        """The answer to one request; a connection that the service has closed meanwhile is opened again.

        Raises: FailedCall.
        """
        data = self._spelled(method, path, headers, body)
        is_kept = self._socket is not None
        try:
            try:
                return self._exchange(method, data)
            except ConnectionError:
                if not is_kept:
                    raise
                self.close()
                return self._exchange(method, data)
        except (OSError, ValueError) as problem:
            self.close()
            text = f"no answer within {self._timeout_s:g} s" if isinstance(problem, TimeoutError) else str(problem)
            raise FailedCall(
                f"{method} {path} got no answer from {self._name}", why=text, fix="make the service answer this request by itself first"
            ) from problem

    def close(self) -> None:
        """Gives the connection up."""
        for one in (self._input, self._socket):
            if one is not None:
                with suppress(OSError):
                    one.close()
        self._socket = self._input = None

    def _spelled(self, method: str, path: str, headers: tuple[tuple[str, str], ...], body: bytes) -> bytes:
        given = {name.lower() for name, _ in headers}
        lines = [f"{method} {path} HTTP/1.1"]
        if "host" not in given:
            lines.append(f"Host: 127.0.0.1:{self._port}")
        if (body or method in _BODY) and "content-length" not in given:
            lines.append(f"Content-Length: {len(body)}")
        lines += [f"{name}: {value}" for name, value in headers]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + body

    def _exchange(self, method: str, data: bytes) -> Reply:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), self._timeout_s)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._input = self._socket.makefile("rb")
        self._socket.sendall(data)
        reader = _Reader(self._input or self._socket.makefile("rb"))
        status, headers = reader.head()
        size = reader.size
        while 100 <= status < 200:  # an interim answer
            status, headers = reader.head()
            size = reader.size
        body, is_last = reader.body(method, status, headers)
        if is_last:
            self.close()
        return Reply(status=status, body=body, wire_bytes=max(size, reader.size))


class _Reader:
    """Reads one answer. Units: `size` bytes so far."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self.size = 0

    def head(self) -> tuple[int, dict[str, str]]:
        words = self._line().split(None, 2)
        if len(words) < 2 or not words[0].startswith(b"HTTP/1."):
            raise ValueError(f"the answer begins with {b' '.join(words)[:60]!r}, which is not HTTP/1.1")
        headers = {"": words[0].decode("latin-1")}
        while line := self._line().strip():
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.strip().lower()] = value.strip()
        return int(words[1]), headers

    def body(self, method: str, status: int, headers: dict[str, str]) -> tuple[bytes, bool]:
        """The body, and whether the connection ends with it."""
        option = headers.get("connection", "keep-alive" if headers[""] == "HTTP/1.1" else "close").lower()
        is_last = "close" in option
        if not has_body(method, status):
            return b"", is_last
        if headers.get("transfer-encoding", "").lower().endswith("chunked"):
            return self._chunks(), is_last
        if "content-length" in headers:
            return self._read(int(headers["content-length"])), is_last
        rest = self._source.read()
        self.size += len(rest)
        return rest, True

    def _chunks(self) -> bytes:
        parts = []
        while size := int(self._line().split(b";")[0], 16):
            parts.append(self._read(size))
            self._line()
        while self._line().strip():
            pass
        return b"".join(parts)

    def _line(self) -> bytes:
        line = self._source.readline()
        if not line.endswith(b"\n"):
            raise ConnectionResetError("the service closed the connection before it had answered")
        self.size += len(line)
        return line

    def _read(self, size: int) -> bytes:
        data = self._source.read(size)
        if len(data) < size:
            raise ConnectionResetError("the service closed the connection in the middle of its answer")
        self.size += size
        return data

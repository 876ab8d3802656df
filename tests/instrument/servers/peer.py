"""A server in a process of its own, and a client that sees each byte that arrives."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import django

HERE = Path(__file__).parent
OF_THE_SERVER = {b"date", b"server", b"connection", b"transfer-encoding"}
TRACED = [
    ("fastapi", "uvicorn-asyncio"),
    ("fastapi", "uvicorn-uvloop"),
    ("django_asgi", "uvicorn-asyncio"),
    ("flask", "gunicorn-gthread"),
    ("django", "gunicorn-sync"),
]
"""Sites and servers on which the usual instrumentations of OpenTelemetry run."""


class Peer:
    """One site under one server, and what has been counted in it."""

    def __init__(self, site: str, server: str, log: Path, *, mode: str = "") -> None:
        self.site, self.server, self._log = site, server, log
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._log.touch()
        self.read = 0
        command = [sys.executable, "-W", "ignore", str(HERE / "serve.py"), site, server, str(self.port), str(log)]
        with Path(f"{log}.err").open("wb") as errors:
            self._process = subprocess.Popen([*command, *([mode] if mode else [])], stderr=errors)
        self._wait()

    def _wait(self) -> None:
        until = time.monotonic() + 30
        while self._process.poll() is None and time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", self.port), 0.2).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise TimeoutError(f"{self.site} under {self.server} did not start: {Path(f'{self._log}.err').read_text(encoding='utf-8')[-2000:]}")

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def raw(self, requests: bytes) -> bytes:
        """All bytes that come back until the server closes."""
        received = b""
        with socket.create_connection(("127.0.0.1", self.port), 20) as connection:
            connection.sendall(requests)
            while block := connection.recv(1 << 20):
                received += block
        return received

    def ask(self, path: str, method: str = "GET", headers: str = "") -> bytes:
        return self.raw(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{headers}Connection: close\r\n\r\n".encode())

    def leave(self, path: str) -> int:
        """Asks for something and goes away in the middle of it, after so many bytes."""
        received = 0
        with socket.create_connection(("127.0.0.1", self.port), 20) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            while received < 200_000 and (block := connection.recv(65_536)):
                received += len(block)
        return received

    def rows(self) -> list[dict]:
        """What `codeops.collect()` says in the server's process."""
        time.sleep(0.1)
        asked, rows = Path(f"{self._log}.ask"), Path(f"{self._log}.rows")
        asked.touch()
        until = time.monotonic() + 10
        while asked.exists() and time.monotonic() < until:
            time.sleep(0.02)
        return json.loads(rows.read_text(encoding="utf-8"))

    def entries(self, expected_bytes: int | None = None) -> list[dict]:
        """What was counted since the last time; the server writes it down at about the time when the client has it all."""
        until = time.monotonic() + 5
        found: list[dict] = []
        while time.monotonic() < until:
            found = [json.loads(line) for line in self._log.read_text().splitlines()[self.read :]]
            if expected_bytes is None or counted(found) >= expected_bytes:
                break
            time.sleep(0.02)
        time.sleep(0.05)  # more than expected would come now
        found = [json.loads(line) for line in self._log.read_text().splitlines()[self.read :]]
        self.read += len(found)
        return found


@contextmanager
def running(site: str, server: str, folder: Path, mode: str) -> Generator[Peer]:
    """A peer for as long as it is needed."""
    started = Peer(site, server, folder / "log", mode=mode)
    try:
        yield started
    finally:
        started.stop()


def counted(entries: list[dict]) -> int:
    return sum(entry["amount"] for entry in entries if entry.get("meter") == "network.egress")


def labels(entries: list[dict], name: str) -> list[str]:
    return [entry["value"] for entry in entries if entry.get("label") == name]


def handed_over(raw: bytes, server: str = "") -> int:
    """Bytes that came from the application: without the headers and the lengths of chunks that a server adds."""
    head, _, body = raw.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    names = [line.partition(b":")[0].lower() for line in lines]
    size = len(lines[0]) + 2 + sum(len(line) + 2 for line, name in zip(lines[1:], names[1:], strict=True) if name not in OF_THE_SERVER) + 2
    if server == "wsgiref" and b"\r\nContent-Length: 0\r\n" in raw and lines[0].split()[1] in {b"204", b"304"}:
        size -= len("Content-Length: 0\r\n")
    if server.startswith("gunicorn") and django.VERSION < (6,):  # it takes away the blank that Django left before a cookie
        size += names.count(b"set-cookie")
    is_chunked = any(line.lower() == b"transfer-encoding: chunked" for line in lines)
    return size + (_unchunked(body) if is_chunked else len(body))


def _unchunked(body: bytes) -> int:
    size = 0
    while body:
        length, _, body = body.partition(b"\r\n")
        size += int(length, 16)
        body = body[int(length, 16) + 2 :]
    return size

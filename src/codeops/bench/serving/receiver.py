"""An OTLP endpoint on loopback that keeps the spans it is sent, by trace."""

import gzip
import threading
import time
import zlib
from collections.abc import Collection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from codeops.bench.serving.span import Span, parse_json, parse_protobuf

__all__ = ["Receiver"]

_POLL_S = 0.02


class Receiver:
    """Takes OTLP over HTTP, as protocol buffers and JSON, plain and gzipped.

    `others` counts spans of traces that nobody waits for, `problems` says what could not be read.
    """

    def __init__(self) -> None:
        self.others = 0
        self.problems: list[str] = []
        self._spans: dict[str, list[Span]] = {}
        self._latest_s = 0.0
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Door", (_Door,), {"receiver": self, "do_POST": _Door.receive}))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)
        self._thread.start()

    @property
    def endpoint(self) -> str:
        """What `OTEL_EXPORTER_OTLP_ENDPOINT` has to be."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def expect(self, traces: Collection[str]) -> None:
        """Keeps the spans of these traces from now on; those of others are counted only."""
        with self._lock:
            self._spans |= {trace: [] for trace in traces}

    def take(self, spans: list[Span]) -> None:
        """Keeps what is expected."""
        with self._lock:
            for span in spans:
                if span.trace in self._spans:
                    self._spans[span.trace].append(span)
                    self._latest_s = time.monotonic()
                else:
                    self.others += 1

    def collect(self, parents: dict[str, str], patience_s: float, quiet_s: float) -> dict[str, list[Span]]:
        """The spans of the expected traces, given up afterwards; `parents` names the span that asked in each trace.

        Waits until in each trace the span that answered has arrived, which is a child of the one that asked, with every span that is
        named as a parent, and nothing of any of them for `quiet_s`; but no longer than `patience_s` seconds.
        """
        until_s = time.monotonic() + patience_s
        while time.monotonic() < until_s and not self._is_complete(parents, quiet_s):
            time.sleep(_POLL_S)
        with self._lock:
            return {trace: self._spans.pop(trace, []) for trace in parents}

    def _is_complete(self, parents: dict[str, str], quiet_s: float) -> bool:
        with self._lock:
            if time.monotonic() - self._latest_s < quiet_s:
                return False
            return all(_has_all(self._spans[trace], asked) for trace, asked in parents.items())

    def close(self) -> None:
        """Ends the endpoint."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _has_all(spans: list[Span], asked: str) -> bool:
    known = {asked, *(span.id for span in spans)}
    named = {span.parent for span in spans}
    return asked in named and all(not parent or parent in known for parent in named)


class _Door(BaseHTTPRequestHandler):
    receiver: Receiver
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def receive(self) -> None:
        """Takes what an exporter sends; metrics and logs are not read."""
        is_json = self.headers.get("Content-Type", "").startswith("application/json")
        body = self._body()
        try:
            if self.headers.get("Content-Encoding", "") == "gzip":
                body = gzip.decompress(body)
            if self.path == "/v1/traces":
                self.receiver.take((parse_json if is_json else parse_protobuf)(body))
            status = 200
        except (ValueError, OSError, EOFError, zlib.error) as problem:
            self.receiver.problems.append(f"{self.path}: {problem}")
            status = 400
        answer = b"{}" if is_json else b""
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if is_json else "application/x-protobuf")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def log_message(self, format: str, *args: Any) -> None:  # ruff: ignore[builtin-argument-shadowing] - the library's name
        """Says nothing: standard output is the user's."""

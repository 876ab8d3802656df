"""Real peers for the client libraries, each started once: emulators of the clouds, PostgreSQL, Redis, and an HTTP server."""

import atexit
import base64
import binascii
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(is_ready: Callable[[], bool], what: str, seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not is_ready():
        if time.monotonic() > until:
            raise TimeoutError(f"{what} did not start")
        time.sleep(0.05)


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 0.2).close()
    except OSError:
        return False
    return True


@cache
def aws() -> str:
    """A moto server; its address is the endpoint of any AWS client."""
    port = free_port()
    _started([sys.executable, "-m", "moto.server", "-p", str(port)])
    wait_for(lambda: _answers(port), "moto")
    return f"http://127.0.0.1:{port}"


def aws_options() -> dict[str, str]:
    return {"endpoint_url": aws(), "region_name": "us-east-1", "aws_access_key_id": "k", "aws_secret_access_key": "s"}


@cache
def gcs() -> str:
    """An emulator of Google Cloud Storage's JSON API; the address that STORAGE_EMULATOR_HOST would hold."""
    port = free_port()
    _started([sys.executable, "-m", "gcp_storage_emulator", "start", "--host", "127.0.0.1", "--port", str(port), "--in-memory"])
    wait_for(lambda: _answers(port), "gcp-storage-emulator")
    return f"http://127.0.0.1:{port}"


@cache
def azurite() -> str:
    """Microsoft's emulator of Azure Blob Storage; its connection string."""
    program = shutil.which("azurite-blob") or str(Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / _AZURITE)
    if not Path(program).exists():
        pytest.skip("azurite is not installed")
    port = free_port()
    options = ["--inMemoryPersistence", "--disableTelemetry", "--silent", "--skipApiVersionCheck"]
    _started([program, "--blobHost", "127.0.0.1", "--blobPort", str(port), *options])
    wait_for(lambda: _answers(port), "azurite", seconds=60)
    # The account that every emulator has, as documented.
    key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
    account = f"AccountName=devstoreaccount1;AccountKey={key};BlobEndpoint=http://127.0.0.1:{port}/devstoreaccount1;"
    return f"DefaultEndpointsProtocol=http;{account}"


_AZURITE = "codeops/azurite/node_modules/.bin/azurite-blob"
"""Where tools/components.sh puts it, in the user's cache."""


@cache
def redis(*options: str) -> str:
    """A redis-server of our own; its address."""
    program = shutil.which("redis-server")
    if not program:
        pytest.skip("redis-server is not installed")
    port = next(port for port in iter(free_port, None) if port < 55_000)  # a cluster's bus takes the port 10,000 above
    folder = tempfile.mkdtemp(prefix="codeops-redis-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    _started([program, "--port", str(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "", *options])
    wait_for(lambda: _answers(port), "redis-server")
    return f"redis://127.0.0.1:{port}"


def _started(command: list[str]) -> None:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    atexit.register(process.wait)
    atexit.register(process.kill)


@cache
def postgres() -> str:
    """A PostgreSQL of our own in a temporary folder; its connection string."""
    postgres, initdb = _postgres_tool("postgres"), _postgres_tool("initdb")
    if not postgres or not initdb:
        pytest.skip("PostgreSQL is not installed")
    folder = tempfile.mkdtemp(prefix="codeops-pg-", dir="/tmp")
    who = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
    if who:
        shutil.chown(folder, "postgres", "postgres")
    data, port = f"{folder}/data", free_port()
    subprocess.run([initdb, "-D", data, "-A", "trust", "-U", "postgres", "--no-sync"], check=True, capture_output=True, cwd=folder, **who)
    process = subprocess.Popen(
        [postgres, "-D", data, "-k", folder, "-p", str(port), "-c", "listen_addresses=127.0.0.1", "-F"],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **who,
    )
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(process.wait)
    atexit.register(process.terminate)
    ready = [_postgres_tool("pg_isready") or "pg_isready", "-h", "127.0.0.1", "-p", str(port)]
    wait_for(lambda: subprocess.run(ready, check=False, capture_output=True).returncode == 0, "PostgreSQL")
    return f"host=127.0.0.1 port={port} user=postgres dbname=postgres"


def postgres_url() -> str:
    """The same server, as an address."""
    port = postgres().split("port=")[1].split(" ")[0]
    return f"postgresql://postgres@127.0.0.1:{port}/postgres"


def _postgres_tool(name: str) -> str | None:
    """A program of the server: on the path, or where Debian keeps it."""
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(debian[-1]) if debian else shutil.which(name)


class Web:
    """An HTTP server that keeps the bytes of each request it was sent, exactly."""

    def __init__(self) -> None:  # ruff: ignore[complex-structure] - a handler class and its server
        self.requests: list[str] = []
        self.baggage: list[str | None] = []
        self.received_bytes = 0
        self.failures = 0
        self.refusals = 0
        web = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                self.rfile = _Counting(self.rfile, web)

            def log_message(self, *_: object) -> None:
                pass

            def handle_expect_100(self) -> bool:
                """Refuses without reading the body, as S3 does when it is too busy."""
                if not web.refusals:
                    return super().handle_expect_100()
                web.refusals -= 1
                web.requests.append(f"{self.command} {self.path}")
                self.close_connection = True
                self._send(503, b"slow down")
                return False

            def _answer(self) -> None:
                body = self._body()
                web.requests.append(f"{self.command} {self.path}")
                web.baggage.append(self.headers.get("baggage"))
                if web.failures and "/flaky" in self.path:
                    web.failures -= 1
                    return self._send(503, b"try again")
                if self.path == "/moved":
                    return self._send(302, b"", location="/here")
                if self.path.startswith("/missing"):
                    return self._send(404, b"no")
                reply = _llm_reply(self.path, json.loads(body)) if self.path.startswith("/llm") else None
                if reply is not None:
                    kind, text, *more = reply
                    return self._send(200, text, kind=kind, headers=more[0] if more else {})
                return self._send(200, b"" if self.command == "PUT" else b"ok")

            do_HEAD = do_GET = do_POST = do_PUT = _answer  # ruff: ignore[mixed-case-variable-in-class-scope] - http.server asks for it

            def _body(self) -> bytes:
                if self.headers.get("transfer-encoding") == "chunked":
                    parts = b""
                    while size := int(self.rfile.readline(), 16):
                        parts += self.rfile.read(size)
                        self.rfile.readline()
                    self.rfile.readline()
                    return parts
                return self.rfile.read(int(self.headers.get("content-length") or 0))

            def _send(
                self, status: int, body: bytes, *, kind: str = "text/plain", location: str = "", headers: dict[str, str] | None = None
            ) -> None:
                self.send_response(status)
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(body)))
                if location:
                    self.send_header("location", location)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def forget(self) -> None:
        self.requests.clear()
        self.baggage.clear()
        self.received_bytes = 0
        self.failures = 0
        self.refusals = 0


class _Counting:
    def __init__(self, file, web: Web) -> None:
        self._file, self._web = file, web

    def _count(self, data: bytes) -> bytes:
        self._web.received_bytes += len(data)
        return data

    def read(self, *args) -> bytes:
        return self._count(self._file.read(*args))

    def readline(self, *args) -> bytes:
        return self._count(self._file.readline(*args))

    def __getattr__(self, name: str) -> object:
        return getattr(self._file, name)


@cache
def web() -> Web:
    return Web()


def _events(events: list[dict], *, named: bool = False, end: str = "") -> tuple[str, bytes]:
    lines = [(f"event: {event['type']}\n" if named else "") + f"data: {json.dumps(event)}\n\n" for event in events]
    return "text/event-stream", ("".join(lines) + end).encode()


def _llm_reply(path: str, asked: dict) -> tuple[str, bytes] | None:
    """Answers in the documented wire formats: 1,000 prompt tokens, 600 of them from the cache, 50 out, 20 of them reasoning."""
    is_stream = asked.get("stream", False)
    if "/model/" in path:
        return _bedrock_reply(path.rpartition("/")[2])
    if path.endswith("/chat/completions"):
        usage = {
            "prompt_tokens": 1000,
            "completion_tokens": 50,
            "total_tokens": 1050,
            "prompt_tokens_details": {"cached_tokens": 600},
            "completion_tokens_details": {"reasoning_tokens": 20},
        }
        common = {"id": "c1", "created": 1, "model": "gpt-4o-2024-08-06"}
        if is_stream:
            chunk = {**common, "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": "hi"}}], "usage": None}
            last = {**common, "object": "chat.completion.chunk", "choices": [], "usage": usage}
            asks = (asked.get("stream_options") or {}).get("include_usage")
            return _events([chunk, chunk, *([last] if asks else [])], end="data: [DONE]\n\n")
        message = {"role": "assistant", "content": "hi"}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return "application/json", json.dumps({**common, "object": "chat.completion", "choices": [choice], "usage": usage}).encode()
    if path.endswith("/responses"):
        usage = {
            "input_tokens": 1000,
            "output_tokens": 50,
            "total_tokens": 1050,
            "input_tokens_details": {"cached_tokens": 600, "cache_write_tokens": 100},
            "output_tokens_details": {"reasoning_tokens": 20},
        }
        answer = {
            "id": "r1",
            "object": "response",
            "created_at": 1,
            "model": "gpt-4o-2024-08-06",
            "output": [],
            "status": "completed",
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": [],
            "usage": usage,
        }
        if is_stream:
            started = {"type": "response.created", "sequence_number": 0, "response": {**answer, "usage": None}}
            return _events([started, {"type": "response.completed", "sequence_number": 1, "response": answer}], named=True)
        return "application/json", json.dumps(answer).encode()
    if path.endswith("/embeddings"):
        data = [{"object": "embedding", "index": 0, "embedding": [0.1]}]
        usage = {"prompt_tokens": 8, "total_tokens": 8}
        return "application/json", json.dumps({"object": "list", "data": data, "model": "text-embedding-3-small", "usage": usage}).encode()
    if path.endswith("/messages"):
        thought = {"output_tokens_details": {"thinking_tokens": 20}}
        usage = {"input_tokens": 300, "cache_read_input_tokens": 600, "cache_creation_input_tokens": 100, "output_tokens": 50, **thought}
        message = {"id": "m1", "type": "message", "role": "assistant", "model": "claude-test", "stop_reason": "end_turn"}
        if is_stream:
            start = {**message, "content": [], "stop_reason": None, "usage": {**usage, "output_tokens": 4, "output_tokens_details": None}}
            block = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
            delta = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hi"}}
            end = {
                "type": "message_delta",
                "delta": {"stop_reason": "end_turn", "stop_sequence": None},
                "usage": {"output_tokens": 50, **thought},
            }
            stop = [{"type": "content_block_stop", "index": 0}, end, {"type": "message_stop"}]
            return _events([{"type": "message_start", "message": start}, block, delta, *stop], named=True)
        return "application/json", json.dumps({**message, "content": [{"type": "text", "text": "hi"}], "usage": usage}).encode()
    return None


def _bedrock_reply(operation: str) -> tuple[str, bytes] | tuple[str, bytes, dict[str, str]]:
    """300 tokens in, 600 read from and 100 written to the cache, 50 out."""
    usage = {"inputTokens": 300, "outputTokens": 50, "totalTokens": 1050, "cacheReadInputTokens": 600, "cacheWriteInputTokens": 100}
    counts = {"inputTokenCount": 300, "outputTokenCount": 50, "cacheReadInputTokenCount": 600, "cacheWriteInputTokenCount": 100}
    stream = "application/vnd.amazon.eventstream"
    if operation == "converse":
        message = {"role": "assistant", "content": [{"text": "hi"}]}
        return "application/json", json.dumps({"output": {"message": message}, "stopReason": "end_turn", "usage": usage}).encode()
    if operation == "converse-stream":
        delta = {"contentBlockIndex": 0, "delta": {"text": "hi"}}
        metadata = {"usage": usage, "metrics": {"latencyMs": 1}}
        return stream, _message("contentBlockDelta", delta) + _message("metadata", metadata)
    if operation == "invoke-with-response-stream":
        parts = ({"outputText": "hi"}, {"outputText": "", "amazon-bedrock-invocationMetrics": counts})
        return stream, b"".join(_message("chunk", {"bytes": base64.b64encode(json.dumps(part).encode()).decode()}) for part in parts)
    names = {"input": 300, "output": 50, "cache-read-input": 600, "cache-write-input": 100}
    headers = {f"x-amzn-bedrock-{name}-token-count": str(count) for name, count in names.items()}
    return "application/json", b'{"outputText": "hi"}', headers


def _message(kind: str, event: dict) -> bytes:
    """A message of application/vnd.amazon.eventstream."""
    payload = json.dumps(event).encode()
    headers = b""
    for name, value in ((":event-type", kind), (":content-type", "application/json"), (":message-type", "event")):
        headers += bytes([len(name)]) + name.encode() + b"\x07" + struct.pack("!H", len(value)) + value.encode()
    prelude = struct.pack("!II", 16 + len(headers) + len(payload), len(headers))
    message = prelude + struct.pack("!I", binascii.crc32(prelude)) + headers + payload
    return message + struct.pack("!I", binascii.crc32(message))


def django() -> None:
    """Django set up in this process, with a database in memory; once."""
    import django as installed
    from django.apps import apps
    from django.conf import settings

    if not settings.configured:
        settings.configure(DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}})
    if not apps.ready:
        installed.setup()


def http_get(url: str) -> int:
    try:
        with urllib.request.urlopen(url) as answer:
            return answer.status
    except urllib.error.HTTPError as problem:
        return problem.code

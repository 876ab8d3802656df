"""Requests to a WSGI application in this process, and the bytes it hands over to be sent."""

import io
import sys
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

from codeops.bench.answer import Answer
from codeops.core.suite import RequestCase

__all__ = ["Application", "call"]

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def call(app: Application, case: RequestCase, answer: Answer) -> None:
    """Makes one request as a server does: all of the body is taken, then `close` is called.

    Source: PEP 3333, https://peps.python.org/pep-3333/, read 2026-11-23.
    """

    def start_response(status: str, headers: Iterable[tuple[str, str]], _problem: object = None) -> Callable[[bytes], None]:
        code, _, phrase = status.partition(" ")
        answer.start(int(code), phrase, [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers])
        return answer.body

    chunks = app(_environ(case, answer), start_response)
    try:
        for chunk in chunks:
            answer.body(chunk)
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()


def _environ(case: RequestCase, answer: Answer) -> dict[str, Any]:
    path, _, query = case.path.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": case.method.upper(),
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(case.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in answer.headers_of(case):
        key = name.upper().replace("-", "_")
        environ[key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"] = value
    return environ

"""A small program that passes every hook: its results must not depend on what happens inside of them."""

import asyncio
import gc
import http.client
import json
import logging
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio.to_thread
import flask
import httpx
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from probe import sdk
from served import serve
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from werkzeug.test import create_environ

import codeops

logging.getLogger("werkzeug").setLevel(logging.ERROR)
logging.getLogger("httpx").setLevel(logging.ERROR)

spans = sdk()
reader = InMemoryMetricReader()
metrics.set_meter_provider(MeterProvider([reader], shutdown_on_exit=False))
tracer = trace.get_tracer("program")


_client = httpx.Client(verify=False)
_address = serve()


async def _page(request: Any) -> PlainTextResponse:  # ruff: ignore[unused-async] - ASGI awaits it
    with codeops.span("page", tenant="acme"):
        return PlainTextResponse(request.path_params["name"])


_asgi = Starlette(routes=[Route("/pages/{name}", _page)])
_wsgi = flask.Flask("program")


@_wsgi.route("/sites/<name>")
def _site(name: str) -> str:
    return name


def _answer_of_asgi() -> list[Any]:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:  # ruff: ignore[unused-async]
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:  # ruff: ignore[unused-async]
        sent.append((message["type"], message.get("status"), message.get("body", b"").decode()))

    headers = [(b"host", b"example.com"), (b"x-tenant", b"acme")]
    scope = {"type": "http", "method": "GET", "path": "/pages/one", "headers": headers, "query_string": b"", "client": ("203.0.113.9", 1)}
    asyncio.run(_asgi(scope, receive, send))
    return sent


def _answer_of_wsgi() -> list[Any]:
    heads: list[Any] = []
    environ = create_environ("/sites/two", headers={"x-tenant": "acme"})
    answer = _wsgi(environ, lambda status, _headers, _problem=None: heads.append(status))
    body = b"".join(answer).decode()
    answer.close()
    return [heads, body]


async def _step(number: int) -> int:
    with tracer.start_as_current_span("step"):
        await asyncio.sleep(0)
        with codeops.span("inner step"):
            await asyncio.sleep(0)
    return number * 2


async def _steps() -> list[Any]:
    found = await asyncio.gather(*(_step(number) for number in range(3)), return_exceptions=True)
    found.append(await asyncio.to_thread(sum, [1, 2]))
    found.append(await anyio.to_thread.run_sync(len, "abc"))
    return found


@codeops.span("decorated")
def _decorated(number: int) -> int:
    return number + 1


def _outgoing() -> list[Any]:
    connection = http.client.HTTPConnection(_address)
    connection.request("GET", "/a", headers={"baggage": "user=1"})
    found = [connection.getresponse().read().decode()]
    connection.close()
    found.append(_client.get(f"http://{_address}/b").text)
    return found


def _database() -> list[Any]:
    connection = sqlite3.connect(":memory:")
    connection.execute("create table t (a)")
    connection.executemany("insert into t values (?)", [(1,), (2,)])
    found = connection.execute("select sum(a) from t").fetchall()
    connection.close()
    return found


def _collected() -> list[Any]:
    class Owned:
        def __del__(self) -> None:
            dropped.append(1)

    dropped: list[int] = []
    owned = Owned()
    owned.itself = owned
    del owned
    gc.collect(0)
    return dropped


def _threads() -> list[Any]:
    found: list[Any] = []
    thread = threading.Thread(target=codeops.bind(lambda: found.append("bound")))
    thread.start()
    thread.join()
    with ThreadPoolExecutor(2) as pool:
        found += pool.map(_decorated, range(3))
    return found


def _children() -> list[Any]:
    ran = subprocess.run([sys.executable, "-S", "-E", "-c", "print('child')"], capture_output=True, text=True, check=True)
    pid = os.fork()
    if pid == 0:
        os._exit(7)
    return [ran.stdout, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])]


def _measured() -> list[str]:
    reader.get_metrics_data()
    return ["asked"]


_WORK: dict[str, Callable[[], Any]] = {
    "asgi": _answer_of_asgi,
    "wsgi": _answer_of_wsgi,
    "steps": lambda: asyncio.run(_steps()),
    "outgoing": _outgoing,
    "database": _database,
    "collected": _collected,
    "threads": _threads,
    "measured": _measured,
    "children": _children,
}


def work(*, with_children: bool = True) -> dict[str, Any]:
    """Results, and the spans with their parents and the attributes of the program's own."""
    spans.clear()
    found: dict[str, Any] = {}
    with tracer.start_as_current_span("root") as root, codeops.job("job", unit="GB", units=2):
        root.set_attribute("own", 1)
        root.set_attribute("gen_ai.usage.input_tokens", 5)
        for name, act in _WORK.items() if with_children else list(_WORK.items())[:-1]:
            codeops.record("charge.card", 1, kind=name)
            found[name] = act()
    unrecorded = tracer.start_span("held")
    unrecorded.update_name("renamed")
    unrecorded.end()
    codeops.collect()
    names = {span.context.span_id: span.name for span in spans}
    shape = sorted([span.name, names.get(span.parent.span_id) if span.parent else None, dict(span.attributes).get("own")] for span in spans)
    return json.loads(json.dumps({"results": found, "spans": shape}, default=str))

"""Starts one site under one real server, counted, and writes down what is counted: `serve.py SITE SERVER PORT LOG [traced|rows]`.

With `rows` it is `codeops.instrument()` that counts, and its rows are written when a file LOG.ask appears.
"""

import json
import os
import sys
import time
from importlib import import_module
from pathlib import Path
from threading import Lock, Thread

from codeops import discovery
from codeops.instrument import guard, imports, network, recorder, tenant


class Log:
    """A sink that appends each amount and label to a file, with the span that is current and whether it is still open."""

    root = None

    def __init__(self, path: str) -> None:
        self._path, self._lock = Path(path), Lock()

    def _write(self, **entry: object) -> None:
        from opentelemetry.trace import get_current_span

        span = get_current_span()
        entry |= {"span": getattr(span, "name", None), "is_open": span.is_recording()}
        with self._lock, self._path.open("a") as file:
            file.write(json.dumps(entry) + "\n")

    def add_to_request(self, line, amount) -> None:
        self._write(meter=line[0], labels=dict(line[2]), amount=amount)

    def label(self, name: str, value: str) -> None:
        self._write(label=name, value=value)

    def lookup(self, hit: bool) -> None:
        raise AssertionError

    def evaluated(self, flag: str, variant: str) -> None:
        raise AssertionError


def count(log: str) -> None:
    guard.strict = True
    tenant.configure(tenant.Tenant(header="x-tenant", required=True))
    network.configure({"203.0.113.0/24": "inter-region"})
    recorder.connect(Log(log))
    for name in discovery.names("codeops.instrument.servers"):
        server = discovery.load("codeops.instrument.servers", name, needs=("MODULE", "VERSIONS", "install", "uninstall"))
        if imports.is_installed(server.MODULE):
            imports.when_imported(server.MODULE, server.install)


def trace(site: str) -> None:
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider

    trace.set_tracer_provider(TracerProvider())
    module = {"django": "django", "django_asgi": "django", "flask": "flask", "fastapi": "fastapi"}.get(site)
    if module == "django":
        import_module(f"sites.{site}")  # its settings are there before middleware is added to them
    if module:
        found = vars(import_module(f"opentelemetry.instrumentation.{module}"))
        next(value for name, value in found.items() if name.endswith("Instrumentor") and name != "BaseInstrumentor")().instrument()


LATER: list = []
"""What is to be done in the process that serves, which is not this one under gunicorn."""


def load(site: str):
    while LATER:
        LATER.pop()()
    return import_module(f"sites.{site}").app


def with_uvicorn(site: str, port: int, loop: str) -> None:
    import uvicorn

    uvicorn.run(load(site), port=port, loop=loop, log_level="critical", lifespan="off")


def with_wsgiref(site: str, port: int) -> None:
    from wsgiref.simple_server import WSGIRequestHandler, make_server

    handler = type("Quiet", (WSGIRequestHandler,), {"log_message": lambda *_: None})
    make_server("127.0.0.1", port, load(site), handler_class=handler).serve_forever()


def with_gunicorn(site: str, port: int, worker: str) -> None:
    from gunicorn.app.base import BaseApplication

    class Application(BaseApplication):
        def load_config(self) -> None:
            settings = {
                "bind": f"127.0.0.1:{port}",
                "worker_class": worker,
                "threads": 2,
                "loglevel": "critical",
                "control_socket_disable": True,
            }
            for name, value in settings.items():
                if name in self.cfg.settings:
                    self.cfg.set(name, value)

        def load(self):
            return load(site)

    Application().run()


def instrument(log: str) -> None:
    import codeops
    from codeops.instrument.tenant import Tenant

    codeops.instrument(tenant=Tenant(header="x-tenant", required=True))
    asked, rows = Path(log + ".ask"), Path(log + ".rows")

    def answer() -> None:
        while True:
            time.sleep(0.05)
            if asked.exists():
                found = [
                    {"name": row.name, "labels": dict(row.labels), "usage": dict(row.usage), "count": row.count}
                    for row in codeops.collect()
                ]
                rows.write_text(json.dumps(found), encoding="utf-8")
                asked.unlink()

    Thread(target=answer, daemon=True).start()


def main(site: str, server: str, port: str, log: str, mode: str = "") -> None:
    if mode == "rows":
        trace(site)
        os.environ["CODEOPS_STRICT"] = "1"
        LATER.append(lambda: instrument(log))
    else:
        count(log)
        if mode == "traced":
            trace(site)
    name, _, kind = server.partition("-")
    options = (kind,) if kind else ()
    {"uvicorn": with_uvicorn, "wsgiref": with_wsgiref, "gunicorn": with_gunicorn}[name](site, int(port), *options)


if __name__ == "__main__":
    main(*sys.argv[1:])

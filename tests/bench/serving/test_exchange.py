"""A service in a process of its own is measured from outside: what it says, what it uses, and that it always ends."""

import os
import subprocess
import sys
import time
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from codeops.bench import measure
from codeops.bench.pairs.matching import match
from codeops.bench.session import Session
from codeops.bench.side import Side
from codeops.core.errors import FailedCall, UnexpectedStatus, WorkerDied
from codeops.core.suite import Plan, Service, ServiceCase, Suite
from codeops.instrument import hooks

PLAIN = """
import os, subprocess, sys, time
from http.server import BaseHTTPRequestHandler, HTTPServer

class Door(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    def log_message(self, *_): pass
    def do_GET(self):
        if self.path == "/die":
            print("out of luck", flush=True)
            os._exit(7)
        if self.path == "/burn":
            until = time.process_time() + 0.02
            while time.process_time() < until: pass
        if self.path == "/hold":
            held = b"x" * (60 << 20)
            time.sleep(0.05)
            del held
            time.sleep(0.2)
        if self.path == "/child":
            subprocess.run([sys.executable, "-S", "-c", "import time\\nwhile time.process_time() < 0.2: pass"])
        body = b"x" * 1000
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(body)
        self.after()
    def after(self): pass

def main(door=Door):
    open("pid", "w").write(str(os.getpid()))
    HTTPServer(("127.0.0.1", int(os.environ["PORT"])), door).serve_forever()

if __name__ == "__main__":
    main()
"""

SPANNED = """
import json, os, urllib.request
import plain

class Door(plain.Door):
    def after(self):
        _, trace, parent, flags = self.headers["traceparent"].split("-")
        if flags != "01": return
        def span(id, parent, kind, **attributes):
            values = [{"key": k.replace("__", "."), "value": {"intValue": str(v)} if isinstance(v, int) else {"stringValue": v}} for k, v in attributes.items()]
            return {"traceId": trace, "spanId": id, "parentSpanId": parent, "kind": kind, "attributes": values}
        spans = [
            span("1" * 16, parent, 2, cost__usage__stripe__charge=2, code__file__path="spanned.py", code__line__number=3),
            span("2" * 16, "1" * 16, 3, db__system__name="sqlite", db__query__text="SELECT 1"),
            span("3" * 16, "1" * 16, 3, rpc__system="aws-api", rpc__service="S3", rpc__method="GetObject"),
            span("4" * 16, "3" * 16, 3, http__request__method="GET", server__address="s3.test"),
            span("5" * 16, "1" * 16, 3, http__request__method="GET", server__address="api.test"),
        ]
        body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).encode()
        url = os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] + "/v1/traces"
        urllib.request.urlopen(urllib.request.Request(url, body, {"Content-Type": "application/json"})).read()

plain.main(Door)
"""


@pytest.fixture
def suite(project):
    def make(*paths: str, spans: bool = False, program: str = "plain", **fields) -> Suite:
        service = Service(name="web", command=("python3", f"{program}.py"), ready_timeout_s=20, spans=spans)
        cases = tuple(ServiceCase(route=path, service="web", path=path) for path in paths)
        plan = Plan(warmup=1, min_samples=3, max_samples=4, seconds=0.01, timeout_s=30)
        return project({"plain": PLAIN, "spanned": SPANNED}, services=(replace(service, **fields),), service_requests=cases, plan=plan)

    return make


def amounts(usage) -> dict[str, Decimal]:
    return {line.meter: line.mean for line in usage.usage}


def gone(pid: int) -> bool:
    for _ in range(200):
        if not Path(f"/proc/{pid}").exists() or ") Z " in Path(f"/proc/{pid}/stat").read_text(encoding="utf-8"):
            return True
        time.sleep(0.05)
    return False


def test_without_spans_cpu_memory_and_the_bytes_on_the_socket_are_measured(suite, tmp_path):
    found = measure(suite("/", "/burn"))

    assert set(amounts(found["/"])) == {"compute.cpu", "compute.memory", "network.egress"}
    assert 1000 < found["/"].egress_bytes < 1300
    assert found["/burn"].cpu_s >= Decimal("0.02")
    assert found["/"].cpu_s < found["/burn"].cpu_s / 2
    assert gone(int((tmp_path / "pid").read_text(encoding="utf-8")))


def test_memory_on_average_is_that_of_the_service_s_processes(suite):
    asked = suite("/hold")
    held = {}
    for kind in ("peak", "average"):
        found = measure(replace(asked, plan=replace(asked.plan, memory=kind)))["/hold"]
        held[kind] = next(line.mean for line in found.usage if line.meter == "compute.memory")

    assert Decimal("0.2") < held["average"] / held["peak"] < Decimal("0.7")


def test_the_cpu_of_a_child_that_ended_counts(suite):
    assert measure(suite("/child"))["/child"].cpu_s >= Decimal("0.17")


def test_spans_are_counted_each_call_once_with_the_line_that_a_span_names(suite):
    found = measure(suite("/", spans=True, program="spanned"))["/"]

    counted = {(line.meter, line.labels.get("host")): line.mean for line in found.usage if line.exact}
    egress = counted.pop(("network.egress", None))
    assert counted == {("stripe.charge", None): 2, ("db.query", None): 1, ("aws.s3.get", None): 1, ("http.call", "api.test"): 1}
    assert 1000 < egress < 1300
    (site,) = next(line.sites for line in found.usage if line.meter == "db.query")
    assert (site.file, site.line, site.amount) == ("spanned.py", 3, 1)


def test_a_service_that_dies_is_told_with_its_last_words(suite):
    with pytest.raises(WorkerDied) as caught:
        measure(suite("/die"))

    assert "exit status 7" in caught.value.why
    assert "out of luck" in caught.value.why


def test_a_service_that_is_not_ready_is_told_with_its_last_words(suite):
    program = ("python3", "-c", "print('no port for me', flush=True); import time; time.sleep(60)")

    with pytest.raises(FailedCall, match="web was not ready within 1 s") as caught:
        measure(suite("/", command=program, ready_timeout_s=1))

    assert "no port for me" in caught.value.why


def test_an_answer_that_is_not_expected_is_told(suite):
    wanted = suite("/")

    with pytest.raises(UnexpectedStatus):
        measure(replace(wanted, service_requests=(replace(wanted.service_requests[0], expect_status=404),)))


def test_a_lap_counts_only_the_service(suite):
    with Side(suite("/burn")) as side:
        side.demand_ready()
        lap = side.time(0, 0, 0, 3, 0)

    assert 60_000_000 <= lap.cpu_ns < 300_000_000


def test_a_service_ends_when_its_worker_is_killed(suite, tmp_path):
    with Side(suite("/")) as side:
        side.demand_ready()
        os.kill(side._worker._process.pid, 9)
        assert gone(int((tmp_path / "pid").read_text(encoding="utf-8")))


SHELL = """
import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)"])
open("child", "w").write(str(child.pid))
import plain
plain.main()
"""
KILLED = """
import os, signal, sys, msgspec
from codeops.bench.side import Side
from codeops.core.suite import Suite

side = Side(msgspec.json.decode(sys.argv[1].encode(), type=Suite))
side.demand_ready()
for pid in (side._worker._process.pid, os.getpid()):
    os.kill(pid, signal.SIGKILL)
"""


def test_what_a_service_started_ends_when_its_worker_and_codeops_are_killed_at_once(project, suite, tmp_path):
    wanted = suite("/", program="shell")
    (tmp_path / "shell.py").write_text(SHELL, encoding="utf-8")

    subprocess.run([sys.executable, "-c", KILLED, msgspec.json.encode(wanted).decode()], check=False)

    for name in ("pid", "child"):
        assert gone(int((tmp_path / name).read_text(encoding="utf-8")))


def test_a_service_that_exports_nothing_is_refused_instead_of_counted_as_nothing(suite, monkeypatch):
    monkeypatch.setattr("codeops.bench.serving.exchange._PATIENCE_S", 1.0)  # in this process
    wanted = suite("/", spans=True)
    session = Session()
    try:
        assert session.open(wanted) == [None]
        with pytest.raises(FailedCall, match="web exported no span for 2 of 2 requests GET /") as caught:
            session.measure(0, 0, 2)
    finally:
        session.close()
        hooks.uninstall()

    assert "spans = false" in caught.value.fix


def test_a_base_is_matched_at_the_heads_requests_with_its_own_command(suite, tmp_path):
    base = suite("/", "/burn")
    head = replace(
        base, service_requests=(ServiceCase(route="/", service="web", path="/?new"), ServiceCase(route="/x", service="web", path="/"))
    )
    older = replace(base, services=(replace(base.services[0], env={"AGE": "old"}),))

    matched = match(head, older, str(tmp_path))

    assert [case.path for case in matched.suite.cases] == ["/?new", "/", "/", "/burn"]
    assert (matched.numbers, matched.twins, matched.gone) == ({0: 0, 1: 1}, {0: 2}, (3,))
    assert matched.suite.services == older.services

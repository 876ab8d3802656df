"""Real services under load, started by `opentelemetry-instrument` without a line of code changed: what their telemetry says is true.

The CPU of each process is read from its own clock from outside, bytes are counted by the client and by the peer, and the
spans and metrics are those that an OTLP receiver got.
"""

import random
import signal
import socket
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import pytest

from journeys.load import Request, Response, drive
from journeys.program import Clocks, Program, free_port
from journeys.receiver import Receiver, Span

SERVICES = Path(__file__).parent / "services"
CPU, EGRESS, GET, CALL = "compute.cpu", "network.egress", "aws.s3.get", "http.call"
PRICES = {CPU: 0.036 / 3600, "compute.memory": 0.0036 / 3600, EGRESS: 0.09 / 1e9, GET: 0.4e-6, CALL: 1e-5}
PIECE_S = 0.0005  # as the services have it
PRICES |= {"compute.cpu.children": PRICES[CPU]}
FASTAPI = {"nothing": "/nothing", "report": "/report/{pieces}", "export": "/export/{pieces}", "file": "/file/{size}"}
FASTAPI |= {"stream": "/stream/{parts}", "stored": "/stored/{count}", "asked": "/asked/{count}"}
FLASK = {name: route.replace("{", "<int:").replace("}", ">") for name, route in FASTAPI.items() if name != "export"}

pytestmark = [pytest.mark.slow, pytest.mark.peer]


@dataclass(frozen=True)
class Server:
    """How one service is served; `share` is how many of its requests are traced."""

    command: list[str]
    routes: dict[str, str]
    workers: int = 0
    share: float = 1.0


SERVERS = {
    "fastapi-uvicorn": Server(["uvicorn", "shop_fastapi:app", "--log-level", "warning", "--port"], FASTAPI),
    "fastapi-gunicorn": Server(
        ["gunicorn", "shop_fastapi:app", "-w", "2", "-k", "uvicorn.workers.UvicornWorker", "--log-level", "warning", "-b"], FASTAPI, 2
    ),
    "flask-gunicorn-sampled": Server(["gunicorn", "shop_flask:app", "-w", "2", "--log-level", "warning", "-b"], FLASK, 2, share=0.25),
}


@dataclass
class Measured:
    """What was sent and what came back, what the receiver got, and the clocks of the processes that answered.

    `from_ns` to `to_ns` are, for each process, the first and the last moment at which it reported its totals.
    """

    server: Server
    responses: list[Response]
    spans: list[Span]
    points: list[Any]
    clocks: Clocks
    peer_bytes: int
    peer_requests: int
    code: int
    output: str
    from_ns: dict[int, int] = field(default_factory=dict)
    to_ns: dict[int, int] = field(default_factory=dict)
    traces: dict[bytes, list[Span]] = field(default_factory=lambda: defaultdict(list))
    route: dict[bytes, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for point in self.points:
            pid = point.resource["process.pid"]
            self.from_ns[pid] = min(self.from_ns.get(pid, point.at_ns), point.at_ns)
            self.to_ns[pid] = max(self.to_ns.get(pid, 0), point.at_ns)
        for span in self.spans:
            self.traces[span.trace].append(span)
            if span.is_entry:
                self.route[span.trace] = span.attributes["http.route"]

    def total(self, metric: str, pid: int | None = None, **wanted: str) -> float:
        """How much a counter grew between the first and the last report; labels are written with _ for dots."""
        labels = {name.replace("_", "."): value for name, value in wanted.items()}
        return sum(
            point.value * ((point.at_ns == self.to_ns[of]) - (point.at_ns == self.from_ns[of]))
            for point in self.points
            if point.metric == metric
            and (of := point.resource["process.pid"]) in ({pid} if pid else self.to_ns)
            and labels.items() <= point.attributes.items()
        )

    def usage(self, route: str, meter: str) -> float:
        """What the metrics say of all requests of a route."""
        return self.total("codeops.usage", cost_meter=meter, cost_root=f"GET {route}")

    def by_route(self, value: Callable[[Span], float]) -> Counter:
        """Sums over spans, by the route of their trace."""
        sums: Counter = Counter()
        for span in self.spans:
            sums[self.route[span.trace]] += value(span)
        return sums

    def asked(self, value: Callable[[Response], float]) -> Counter:
        sums: Counter = Counter()
        for response in self.responses:
            sums[response.request.route] += value(response)
        return sums


def peers() -> ModuleType:
    name = "codeops_test_peers"
    if name not in sys.modules:
        spec = spec_from_file_location(name, Path(__file__).parents[1] / "instrument" / "peers.py")
        sys.modules[name] = module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


def storage() -> str:
    """An S3 server with one object."""
    s3 = boto3.client("s3", **peers().aws_options())
    s3.create_bucket(Bucket="shop")
    s3.put_object(Bucket="shop", Key="order", Body=b"x" * 1000)
    s3.close()
    return peers().aws()


def load(routes: dict[str, str]) -> list[Request]:
    paths = {"nothing": "/nothing", "file": "/file/5000", "stream": "/stream/7", "stored": "/stored/3", "asked": "/asked/4"}
    weights = {"nothing": 150, "file": 150, "stream": 60, "stored": 20, "asked": 20}
    tenants = {"nothing": "acme", "file": "", "stream": "globex", "stored": "acme", "asked": "acme"}
    requests = [Request(routes[name], paths[name], tenants[name]) for name in paths for _ in range(weights[name])]
    for pieces in (0, 4, 8):
        requests += [Request(routes["report"], f"/report/{pieces}", "globex")] * 150
        requests += [Request(routes["export"], f"/export/{pieces}", "acme")] * 100 if "export" in routes else []
    random.shuffle(requests)
    return requests


def told(measured: Measured, what: str, *figures: float) -> None:
    """Figures of this run, shown by `pytest -rP`."""
    print(f"{' '.join(measured.server.command[:2])}: {what}: {', '.join(f'{figure:.6g}' for figure in figures)}")


def serve(server: Server, folder: Path, requests: list[Request], **more: str) -> Measured:
    """The server from its start to its end by SIGTERM, with `requests` in between."""
    receiver, port = Receiver(), free_port()
    web = peers().web()
    variables = {
        **receiver.environment,
        "CODEOPS_PRICEBOOK": str(SERVICES / "pricebook.toml"),
        "CODEOPS_TENANT_HEADER": "x-tenant",
        "CODEOPS_TENANT_REQUIRED": "true",
        # A worker that is forked while its parent collects metrics inherits the SDK's lock as it is held, and never reports: by the
        # first collection of the parent all workers are there.
        "OTEL_METRIC_EXPORT_INTERVAL": "3000" if server.workers else "500",
        "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS": "process",
        "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
        "OTEL_TRACES_SAMPLER_ARG": str(server.share),
        "OTEL_BSP_MAX_QUEUE_SIZE": "20000",
        "PYTHONPATH": str(SERVICES),
        "STORAGE_URL": storage(),
        "PEER_URL": web.url,
        "AWS_ACCESS_KEY_ID": "k",
        "AWS_SECRET_ACCESS_KEY": "s",
        **more,
    }
    place = f"127.0.0.1:{port}" if server.workers else str(port)
    program = Program(["opentelemetry-instrument", *server.command, place], folder, variables)
    program.wait_until_it_answers(port)
    program.wait_until(lambda: len(program.children()) >= server.workers)
    pids = program.children() if server.workers else [program.pid]

    def report() -> bool:
        return {point.resource["process.pid"] for point in receiver.points} == set(pids)

    def asked_and_reported() -> bool:
        drive(port, requests[:60])  # nothing is told before something was asked
        time.sleep(0.6)
        return report()

    with Clocks(pids) as clocks:
        program.wait_until(asked_and_reported)
        time.sleep(1)
        receiver.points.clear()
        program.wait_until(report)  # what was before is in a report, and not in the difference of two of them
        web.forget()
        started_ns = time.time_ns()
        responses = drive(port, requests)
        peer = web.received_bytes, len(web.requests)
        code = program.end()
    receiver.close()
    spans = [span for span in receiver.spans if span.ended_ns > started_ns]
    return Measured(server, responses, spans, receiver.points, clocks, *peer, code, program.output)


@pytest.fixture(scope="module", params=SERVERS)
def measured(request, tmp_path_factory) -> Measured:
    server: Server = SERVERS[request.param]
    return serve(server, tmp_path_factory.mktemp(request.param), load(server.routes))


def test_the_service_answers_as_ever_and_says_nothing(measured):
    assert {response.status for response in measured.responses} == {200}
    assert not measured.output
    assert measured.code in {0, -signal.SIGTERM}


def test_no_request_and_no_span_is_lost_although_the_process_is_ended_by_a_signal(measured):
    expected = measured.asked(lambda _: 1)

    traced = Counter(span.attributes["http.route"] for span in measured.spans if span.is_entry)
    assert measured.total("codeops.requests") == expected.total()
    if measured.server.share == 1:
        assert traced == expected
    else:
        assert 0.1 < traced.total() / expected.total() < 0.4


def test_each_process_accounts_for_each_second_of_its_own_clock(measured):
    assert len(measured.to_ns) == (measured.server.workers or 1)
    compared, sums = 0, [0.0, 0.0]
    for pid in measured.to_ns:
        clock_s = measured.clocks.cpu_s(pid, measured.from_ns[pid], measured.to_ns[pid])

        accounted_s = sum(
            sign * measured.total("codeops.usage", pid, cost_meter=CPU, **root)
            for sign, root in ((1, {}), (-1, {"cost_root": "unattributed.children"}))  # outside of the process's own clock
        )

        told(measured, f"CPU of process {pid} by its clock and accounted for in s", clock_s, accounted_s)
        sums = [sums[0] + accounted_s, sums[1] + clock_s]
        if clock_s > 0.5:  # the kernel may give one worker nearly all connections: too little to compare by itself
            compared += 1
            assert accounted_s == pytest.approx(clock_s, rel=0.005)
    assert compared
    assert sums[0] == pytest.approx(sums[1], rel=0.005)


def test_the_cpu_of_the_spans_and_of_the_buckets_is_that_of_the_processes(measured):
    if measured.server.share < 1:
        return  # what is not traced is in the metrics alone
    clock_s = sum(measured.clocks.cpu_s(pid, measured.from_ns[pid], measured.to_ns[pid]) for pid in measured.to_ns)
    buckets = ["runtime.gc", "unattributed.loop", "unattributed.thread", "unattributed.native", "unattributed.unended"]

    spans_s = measured.by_route(lambda span: span.usage(CPU))
    buckets_s = sum(measured.total("codeops.usage", cost_meter=CPU, cost_root=name) for name in buckets)
    late_s = sum(measured.usage(route, CPU) - spans_s[route] for route in spans_s)

    told(measured, "CPU: spans, late, buckets and process in s", spans_s.total(), late_s, buckets_s, clock_s)
    assert spans_s.total() + late_s + buckets_s == pytest.approx(clock_s, rel=0.005)
    assert 0 < late_s < 0.05 * clock_s, "what a request does after the end of its span"
    assert sum(span.duration_s for span in measured.spans if span.is_entry) > 2 * clock_s, "requests were to overlap"


def pieces_s(measured: Measured, name: str) -> tuple[float, float]:
    """CPU that is accounted for 4 and for 8 pieces of work, above a request without any, at the median of the requests."""
    cpu_s = defaultdict(list)
    for span in measured.spans:
        if span.is_entry:
            cpu_s[span.attributes["http.target"]].append(sum(one.usage(CPU) for one in measured.traces[span.trace]))
    nothing, four, eight = (statistics.median(cpu_s[f"/{name}/{pieces}"]) for pieces in (0, 4, 8))
    told(measured, f"/{name}: no piece, 4 and 8 in s", nothing, four, eight)
    return four - nothing, eight - nothing


def test_work_costs_the_cpu_that_it_took_whatever_ran_between(measured):
    for name in {"report", "export"} & set(measured.server.routes):
        four, eight = pieces_s(measured, name)

        assert eight / four == pytest.approx(2, rel=0.1)
        assert 0.97 < eight / (8 * PIECE_S) < 1.3, "the work itself, and what resumes a coroutine after each piece of it"


def test_without_the_hook_on_worker_threads_their_work_is_not_accounted_to_the_request(tmp_path):
    server = SERVERS["fastapi-uvicorn"]
    requests = [Request(server.routes["export"], f"/export/{pieces}") for pieces in (0, 4, 8) for _ in range(50)]
    random.shuffle(requests)

    broken = serve(server, tmp_path, requests, CODEOPS_SWITCHES="context,asyncio,gc,thread")

    assert max(pieces_s(broken, "export")) < 0.1 * 4 * PIECE_S


def test_the_bytes_of_each_route_are_those_that_its_clients_and_its_peer_received(measured):
    received = measured.asked(lambda response: response.own_size)
    asked = measured.server.routes["asked"]

    told(measured, "bytes received by clients and by the peer", received.total(), measured.peer_bytes)
    for route, size in received.items():
        assert measured.usage(route, EGRESS) == size + (measured.peer_bytes if route == asked else 0)
    if measured.server.share == 1:
        assert measured.by_route(lambda span: span.is_entry and span.usage(EGRESS)) == received
        assert sum(span.usage(EGRESS) for span in measured.spans if not span.is_entry) == measured.peer_bytes


def test_each_call_of_another_service_is_counted_for_its_route(measured):
    stored, asked = measured.server.routes["stored"], measured.server.routes["asked"]

    assert measured.peer_requests == 80
    assert measured.usage(stored, GET) == measured.total("codeops.usage", cost_meter=GET) == 60
    assert measured.usage(asked, CALL) == 80
    if measured.server.share == 1:
        assert +measured.by_route(lambda span: span.usage(GET)) == {stored: 60}
        assert +measured.by_route(lambda span: span.usage(CALL)) == {asked: 80}


def test_the_cost_of_each_request_is_its_usage_at_the_prices_of_the_book(measured):
    cost, priced, late = Counter(), Counter(), Counter()
    entries = {span.trace: span for span in measured.spans if span.is_entry}
    for span in measured.spans:
        own = sum(price * span.usage(meter) for meter, price in PRICES.items())
        assert span.attributes.get("cost.self", 0) == pytest.approx(own)
        (priced if span.ended_ns <= entries[span.trace].ended_ns else late)[span.trace] += own
        cost[span.trace] += span.attributes.get("cost.request", 0)
        assert span.is_entry == ("cost.request" in span.attributes)
        assert span.resource["cost.pricebook"] == "2026-11-01"

    assert len(cost) >= 100
    assert late.total() < 0.01 * priced.total(), "what is known when a request ends is nearly all of it"
    for trace, amount in cost.items():
        assert amount == pytest.approx(priced[trace])
        assert entries[trace].attributes["cost.request.nano"] == round(amount * 1e9)


def test_what_has_no_price_is_named_and_not_free(measured):
    priced = {f"cost.usage.{meter}" for meter in PRICES}

    for span in measured.spans:
        unpriced = {name for name in span.attributes if name.startswith("cost.usage.")} - priced
        assert {f"cost.usage.{meter}" for meter in span.attributes.get("cost.unpriced", "").split(",") if meter} >= unpriced


def test_every_request_is_its_tenants(measured):
    wanted = Counter(response.request.tenant or "(missing)" for response in measured.responses)

    assert {tenant: measured.total("codeops.requests", tenant_id=tenant) for tenant in wanted} == wanted
    if measured.server.share == 1:
        assert Counter(span.attributes["tenant.id"] for span in measured.spans if span.is_entry) == wanted
    tenants = {span.trace: span.attributes["tenant.id"] for span in measured.spans if span.is_entry}
    assert all(span.attributes["tenant.id"] == tenants[span.trace] for span in measured.spans if span.usage(CALL))


def test_a_receiver_that_does_not_answer_slows_nothing_and_holds_the_end_up_for_five_seconds_at_most(tmp_path):
    server, port = SERVERS["fastapi-uvicorn"], free_port()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        variables = {
            **Receiver.environment_of(f"http://127.0.0.1:{silent.getsockname()[1]}"),
            "CODEOPS_PRICEBOOK": str(SERVICES / "pricebook.toml"),
            "PYTHONPATH": str(SERVICES),
        }
        program = Program(["opentelemetry-instrument", *server.command, str(port)], tmp_path, variables)
        program.wait_until_it_answers(port)

        responses = drive(port, [Request("/nothing", "/nothing")] * 100)
        asked_s = time.monotonic()
        code = program.end()
        ended_s = time.monotonic() - asked_s

    assert ({response.status for response in responses}, code) == ({200}, -signal.SIGTERM)
    assert 4 < ended_s < 9, "the exporter itself would wait for ten seconds"

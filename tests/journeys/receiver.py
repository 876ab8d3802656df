"""An OTLP/HTTP receiver in this process: it answers 200 and keeps every span and every data point, decoded."""

import gzip
import threading
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as _Span


@dataclass(frozen=True)
class Span:
    """`resource` is that of the process, `is_entry` is true of what a server or a consumer began."""

    name: str
    trace: bytes
    attributes: dict[str, Any]
    resource: dict[str, Any]
    is_entry: bool
    ended_ns: int
    duration_s: float

    def usage(self, meter: str) -> float:
        return self.attributes.get(f"cost.usage.{meter}", 0)


@dataclass(frozen=True)
class Point:
    metric: str
    value: float
    attributes: dict[str, Any]
    resource: dict[str, Any]
    at_ns: int


class Receiver:
    """Its `url` is what `OTEL_EXPORTER_OTLP_ENDPOINT` takes."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.points: list[Point] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def handle(self) -> None:
                with suppress(ConnectionError):  # the program was ended by a signal
                    super().handle()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.take(self.path, gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body)
                self.send_response(200)
                self.send_header("content-type", "application/x-protobuf")
                self.send_header("content-length", "0")
                self.end_headers()

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def take(self, path: str, body: bytes) -> None:
        if path == "/v1/traces":
            self.spans += _spans(ExportTraceServiceRequest.FromString(body))
        elif path == "/v1/metrics":
            self.points += _points(ExportMetricsServiceRequest.FromString(body))

    @property
    def environment(self) -> dict[str, str]:
        """What a program is given so that it sends everything here."""
        return self.environment_of(self.url)

    @staticmethod
    def environment_of(url: str) -> dict[str, str]:
        return {
            "OTEL_TRACES_EXPORTER": "otlp",
            "OTEL_METRICS_EXPORTER": "otlp",
            "OTEL_LOGS_EXPORTER": "none",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_EXPORTER_OTLP_ENDPOINT": url,
        }


def _spans(request: ExportTraceServiceRequest) -> list[Span]:
    return [
        Span(
            name=span.name,
            trace=span.trace_id,
            attributes=_values(span.attributes),
            resource=_values(group.resource.attributes),
            is_entry=span.kind in {_Span.SPAN_KIND_SERVER, _Span.SPAN_KIND_CONSUMER},
            ended_ns=span.end_time_unix_nano,
            duration_s=(span.end_time_unix_nano - span.start_time_unix_nano) * 1e-9,
        )
        for group in request.resource_spans
        for scope in group.scope_spans
        for span in scope.spans
    ]


def _points(request: ExportMetricsServiceRequest) -> list[Point]:
    return [
        Point(
            metric=metric.name,
            value=getattr(point, point.WhichOneof("value")),
            attributes=_values(point.attributes),
            resource=_values(group.resource.attributes),
            at_ns=point.time_unix_nano,
        )
        for group in request.resource_metrics
        for scope in group.scope_metrics
        for metric in scope.metrics
        if metric.WhichOneof("data") in {"sum", "gauge"}
        for point in getattr(metric, metric.WhichOneof("data")).data_points
    ]


def _values(pairs: Any) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value") or "string_value") for pair in pairs}

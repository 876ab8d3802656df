"""Requests to a running service: timed, counted by what it exports, and weighed by what comes back."""

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from secrets import token_hex

from codeops.bench.answer import Answer
from codeops.bench.block import Block, lines_of
from codeops.bench.lap import Lap
from codeops.bench.memory.gauge import Average, Gauge, Peak
from codeops.bench.serving import conventions
from codeops.bench.serving.connection import Connection, Reply
from codeops.bench.serving.program import Program
from codeops.bench.serving.receiver import Receiver
from codeops.bench.serving.span import Span
from codeops.core.errors import CodeOpsError, FailedCall
from codeops.core.meter import EGRESS, unit_of
from codeops.core.suite import Plan, Service, ServiceCase
from codeops.instrument.recorder import Tally

__all__ = ["Exchange", "Host"]

_EGRESS_LINE = (EGRESS, unit_of(EGRESS), ())
_DELAY_MS = 50
_QUIET_S = 0.15
_PATIENCE_S = 10.0
_FOREIGN = ("OTEL_EXPORTER_OTLP_", "OTEL_TRACES_SAMPLER")
_FOREIGN_NAMES = frozenset({"OTEL_SDK_DISABLED", "OTEL_CONFIG_FILE"})


class Host:
    """A service that runs and is ready, with the endpoint for its spans."""

    def __init__(self, service: Service, root: str, plan: Plan) -> None:
        self.service = service
        self.receiver = Receiver() if service.spans else None
        try:
            self.program = Program(service, root, _environment(service, self.receiver))
        except BaseException:
            self._close_receiver()
            raise
        tree = self.program.tree
        self.gauge: Gauge = Average(tree.processes) if plan.memory == "average" else Peak(tree.reset_peak, tree.peak_bytes)
        self.connection = Connection(service.name, self.program.port, plan.timeout_s)
        try:
            self.program.wait()
        except BaseException:
            self.close()
            raise
        self.idle_bytes = tree.resident_bytes()

    def close(self) -> None:
        """Ends the service and the endpoint."""
        self.gauge.close()
        self.connection.close()
        self.program.end()
        self._close_receiver()

    def _close_receiver(self) -> None:
        if self.receiver is not None:
            self.receiver.close()


@dataclass(frozen=True, slots=True)
class Exchange:
    """One case of a service made ready."""

    case: ServiceCase
    host: Host
    root: str

    @property
    def what(self) -> str:
        """The request, for messages."""
        return f"{self.case.method} {self.case.path}"

    def measure(self, requests: int) -> Block:
        """`requests` requests, each one counted.

        Raises: FailedCall, UnexpectedStatus; WorkerDied when the service ended.
        """
        tree = self.host.program.tree
        self.host.gauge.begin()
        cpu_ns, wall_ns, tallies = [], [], [Tally(self.root) for _ in range(requests)]
        asked = {token_hex(16): token_hex(8) for _ in range(requests)}
        if self.host.receiver is not None:
            self.host.receiver.expect(asked)
        for tally, (trace, span) in zip(tallies, asked.items(), strict=True):
            begun_ns, used_ns = time.perf_counter_ns(), tree.cpu_ns()
            reply = self._ask(f"00-{trace}-{span}-01")
            cpu_ns.append(max(0, tree.cpu_ns() - used_ns))
            wall_ns.append(time.perf_counter_ns() - begun_ns)
            tally.add(_EGRESS_LINE, reply.wire_bytes)
        resident_bytes = self.host.gauge.end()
        held_bytes = None if resident_bytes is None else max(0, resident_bytes - self.host.idle_bytes)
        if self.host.receiver is not None:
            self._count(self.host.receiver, asked, tallies)
        return Block(cpu_ns=cpu_ns, wall_ns=wall_ns, held_bytes=held_bytes, lines=lines_of(tallies))

    def time(self, washing: int, requests: int, processor: int) -> Lap:
        """A lap: the requests say that they are not sampled, so that an exporter's work is not in it.

        Raises: FailedCall, UnexpectedStatus; WorkerDied when the service ended.
        """
        tree = self.host.program.tree
        tree.pin(processor)
        parent = f"00-{token_hex(16)}-{token_hex(8)}-00"
        for _ in range(washing):
            self._ask(parent)
        wall_ns, cpu_ns = time.perf_counter_ns(), tree.cpu_ns()
        for _ in range(requests):
            self._ask(parent)
        return Lap(requests=requests, cpu_ns=max(0, tree.cpu_ns() - cpu_ns), wall_ns=time.perf_counter_ns() - wall_ns)

    def _ask(self, traceparent: str) -> Reply:
        case = self.case
        try:
            reply = self.host.connection.ask(case.method, case.path, (("traceparent", traceparent), *case.headers), case.body)
        except CodeOpsError:
            self.host.program.demand_alive()
            raise
        if reply.status != case.expect_status:
            answer = Answer()
            answer.status = reply.status
            answer.body(reply.body)
            answer.demand(case)
        return reply

    def _count(self, receiver: Receiver, asked: dict[str, str], tallies: Iterable[Tally]) -> None:
        """Adds what the spans of the requests say.

        Raises: FailedCall when a request's span has not arrived: a count that is too low would pass for a saving.
        """
        found = receiver.collect(asked, _PATIENCE_S, _QUIET_S)
        missing = sum(not _is_answered(spans, asked[trace]) for trace, spans in found.items())
        if missing:
            self.host.program.demand_alive()
            raise self._silent(receiver, missing, len(asked), any(found.values()))
        for tally, (trace, spans) in zip(tallies, found.items(), strict=True):
            conventions.count(spans, asked[trace], tally)

    def _silent(self, receiver: Receiver, missing: int, requests: int, is_partial: bool) -> FailedCall:
        name = self.host.service.name
        if receiver.problems:
            why = f"what it sent cannot be read: {receiver.problems[-1]}"
        elif is_partial:
            why = "spans of the request arrived, but none that says traceparent's span is its parent"
        elif receiver.others:
            why = f"{receiver.others} spans of other traces arrived: it exports, and does not take up the header traceparent"
        else:
            why = f"nothing arrived at {receiver.endpoint} within {_PATIENCE_S:g} s; {self.host.program.last_words()}"
        return FailedCall(
            f"{name} exported no span for {missing} of {requests} requests {self.what}",
            why=why,
            fix="start OpenTelemetry's SDK in it with the OTLP exporter over HTTP; without it, set spans = false under [[bench.service]]",
        )


def _is_answered(spans: list[Span], asked: str) -> bool:
    return any(span.parent == asked for span in spans)


def _environment(service: Service, receiver: Receiver | None) -> dict[str, str]:
    """The worker's environment, with what an SDK has to know to export here and nowhere else."""
    own = {
        name: value for name, value in os.environ.items() if not (name.startswith(_FOREIGN) or name in _FOREIGN_NAMES)
    }  # fmt: skip
    if receiver is None:
        return own
    return own | {
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_SERVICE_NAME": service.service_name or service.name,
        "OTEL_TRACES_EXPORTER": "otlp",
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_LOGS_EXPORTER": "none",
        "OTEL_TRACES_SAMPLER": "parentbased_always_on",
        "OTEL_PROPAGATORS": "tracecontext,baggage",
        "OTEL_BSP_SCHEDULE_DELAY": str(_DELAY_MS),
    }

"""What the programs of these tests tell about themselves."""

import json
import logging
import time
from typing import Any


class Warnings(logging.Handler):
    """Keeps what is logged under `codeops`, and keeps it off stderr."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []
        logger = logging.getLogger("codeops")
        logger.addHandler(self)
        logger.propagate = False

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    @property
    def texts(self) -> list[str]:
        """What was logged, tracebacks included."""
        return [logging.Formatter().format(record) for record in self.records]


def burn(seconds: float) -> None:
    """Uses CPU of this thread."""
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def tell(**values: Any) -> None:
    """Says what the test asks for, as the last line."""
    print(json.dumps(values), flush=True)


def books() -> dict[str, Any]:
    """Whether the books of this process balance, and which amounts are negative."""
    import codeops
    from codeops.instrument import running

    rows, accounting = codeops.collect(), running.now().accounting
    balance = accounting.balance()
    parts = {"process": balance.process_ns, "spans": balance.spans_ns, **balance.buckets_ns}
    negative = [name for name, ns in parts.items() if ns < 0]
    # Short requests are paid in advance for the memory that they held since the last sample.
    negative += [
        f"{row.name} {meter}" for row in rows for meter, amount in row.usage.items() if amount < 0 and row.name != "unattributed.in_flight"
    ]
    return {"error": balance.error_ratio, "negative": negative, "spans_s": balance.spans_ns * 1e-9, "process_s": balance.process_ns * 1e-9}


def amounts(meter: str = "compute.cpu") -> dict[str, float]:
    """Amounts of a meter by the name of the row."""
    import codeops

    found: dict[str, float] = {}
    for row in codeops.collect():
        if meter in row.usage:
            found[row.name] = found.get(row.name, 0) + row.usage[meter]
    return found


def counts() -> dict[str, int]:
    """How many spans of each name ended."""
    import codeops

    found: dict[str, int] = {}
    for row in codeops.collect():
        if row.count:
            found[row.name] = found.get(row.name, 0) + row.count
    return found


def sdk() -> list[Any]:
    """Sets OpenTelemetry's SDK up; the list gets the spans that end. No lock is in the way of a signal handler."""
    from opentelemetry import trace
    from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider

    class Keep(SpanProcessor):
        def on_end(self, span: ReadableSpan) -> None:
            spans.append(span)

    spans: list[Any] = []
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(Keep())
    trace.set_tracer_provider(provider)
    return spans

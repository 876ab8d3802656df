"""Tracer providers with an exporter in memory, for one test each: the global provider, which can be set only once, is left alone."""

import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry import context
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, Tracer, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import codeops
from codeops.instrument.tracing import metrics

LEDGERS = ["native", "pure"] if find_spec("codeops.instrument.ledger._native") else ["pure"]
"""Where no compiler was, there is one ledger to test."""

PRICES = """\
version = "2026-11-01"
currency = "EUR"
"""
PRICE = '\n[[price]]\nmeter = "{}"\nprice = "{}"\nper = "{}"\nvalid_from = 2026-01-01\nsource = "a round figure for tests; no vendor\'s price"\n'
PRICED = {
    "compute.cpu": ("0.036", "vCPU.h"),
    "stripe.charge": ("0.25", "{request}"),
    "db.query": ("0.0005", "{query}"),
    "llm.input": ("0.000002", "{token}"),
    "llm.output": ("0.000008", "{token}"),
    "llm.cache_read": ("0.0000005", "{token}"),
}


class Exported:
    """A provider whose spans are kept in memory as they were exported."""

    def __init__(self, **options: Any) -> None:
        self.exporter = InMemorySpanExporter()
        self.provider = TracerProvider(shutdown_on_exit=False, resource=Resource({"service.name": "shop"}), **options)
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.tracer = self.provider.get_tracer("test")

    def __getitem__(self, name: str) -> dict[str, Any]:
        """The attributes of the one span of this name."""
        return dict(self.span(name).attributes or {})

    def span(self, name: str) -> ReadableSpan:
        (found,) = [span for span in self.all() if span.name == name]
        return found

    def all(self) -> tuple[ReadableSpan, ...]:
        return self.exporter.get_finished_spans()


@pytest.fixture
def exported() -> Iterator[Callable[..., Exported]]:
    """Makes providers; the options are those of `TracerProvider`."""
    made: list[Exported] = []

    def make(**options: Any) -> Exported:
        made.append(Exported(**options))
        return made[-1]

    yield make

    for one in made:
        one.provider.shutdown()


@pytest.fixture
def pricebook(tmp_path) -> str:
    path = tmp_path / "pricebook.toml"
    path.write_text(PRICES + "".join(PRICE.format(meter, price, per) for meter, (price, per) in PRICED.items()))
    return str(path)


@pytest.fixture(params=LEDGERS)
def ledger(request) -> str:
    return request.param


@pytest.fixture
def instrument(ledger: str, pricebook: str) -> Iterator[Callable[..., None]]:
    """Puts CodeOps in, without libraries and memory unless told otherwise; it is out at the end."""

    def put_in(**options: Any) -> None:
        codeops.instrument(**{"pricebook": pricebook, "ledger": ledger, "memory": False, "libraries": (), **options})

    yield put_in

    codeops.uninstrument()


@pytest.fixture
def instrumented(instrument: Callable[..., None]) -> None:
    instrument()


@pytest.fixture(autouse=True)
def _all_is_as_it_was() -> Iterator[None]:
    places = [
        (context, "_RUNTIME_CONTEXT"),
        (Tracer, "start_span"),
        (Span, "end"),
        (TracerProvider, "__init__"),
        (TracerProvider, "get_tracer"),
    ]
    before = [vars(owner)[name] for owner, name in places]
    current = context.get_current()

    yield

    codeops.uninstrument()
    assert [vars(owner)[name] for owner, name in places] == before, "a hook was left"
    assert context.get_current() == current, "a context was left attached"


@pytest.fixture(autouse=True)
def _environment_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CODEOPS_PRICEBOOK", "CODEOPS_LABELS", "OTEL_TRACES_SAMPLER", "OTEL_SDK_DISABLED"):
        monkeypatch.delenv(name, raising=False)


def burn(ms: float) -> float:
    """Uses so much CPU; returns how many seconds of this thread's it really was."""
    began = now = time.thread_time()
    while now < began + ms / 1000:
        sum(range(2000))
        now = time.thread_time()
    return now - began


def near(cpu_s: float) -> Any:
    """So much CPU, and a little that OpenTelemetry and we ourselves use within the same span."""
    return pytest.approx(cpu_s, rel=0.15, abs=1.5e-3)


@pytest.fixture
def work() -> SimpleNamespace:
    return SimpleNamespace(burn=burn, near=near, totals=totals)


def totals(name: str | None = None) -> dict[str, float]:
    """The sum of usage over all rows with this name, or over all that are no buckets."""
    sums: dict[str, float] = {}
    for row in codeops.collect():
        if row.name == name or (name is None and not row.name.startswith(("unattributed.", "runtime."))):
            for meter, amount in row.usage.items():
                sums[meter] = sums.get(meter, 0) + amount
    return sums


class Metered:
    """A meter provider with one reader in memory, on which our instruments are made."""

    def __init__(self, **options: Any) -> None:
        self.reader = InMemoryMetricReader(**options)
        self.provider = MeterProvider([self.reader], shutdown_on_exit=False)
        metrics.observe(self.provider.get_meter("codeops"))

    def read(self, name: str) -> list[tuple[dict[str, Any], float]]:
        """Every data point of one metric: its attributes and its value, of a new collection."""
        return points(self.reader, name)

    def total(self, name: str, **labels: str) -> float:
        """The sum of the points of a metric that carry these labels; a dot is written as two underscores."""
        wanted = {label.replace("__", "."): value for label, value in labels.items()}
        return sum(value for attributes, value in self.read(name) if wanted.items() <= attributes.items())


def points(reader: InMemoryMetricReader, name: str) -> list[tuple[dict[str, Any], float]]:
    data = reader.get_metrics_data()
    found = [metric for of in (data.resource_metrics if data else ()) for scope in of.scope_metrics for metric in scope.metrics]
    return [(dict(point.attributes), point.value) for metric in found if metric.name == name for point in metric.data.data_points]


@pytest.fixture
def metered(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Metered]]:
    """Makes meter providers, in a process that has reported nothing yet; the options are those of the reader."""
    monkeypatch.setattr(metrics, "_before", {})
    monkeypatch.setattr(metrics, "_reported", {})
    made: list[Metered] = []

    def make(**options: Any) -> Metered:
        made.append(Metered(**options))
        return made[-1]

    yield make

    for one in made:
        one.provider.shutdown()

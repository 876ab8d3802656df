"""The metrics are complete and exact, whatever becomes of the spans, and only grow."""

import os
import subprocess
import sys

import pytest
from opentelemetry.sdk.metrics import ObservableCounter
from opentelemetry.sdk.metrics.export import AggregationTemporality
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

import codeops
from codeops.core.attribute import METRICS
from codeops.core.meter import unit_of
from codeops.instrument import recorder
from codeops.instrument.totals import Totals

DELTA = {"preferred_temporality": {ObservableCounter: AggregationTemporality.DELTA}}


def request(tracer, name="GET /a", charges=1, tenant=None):
    with tracer.start_as_current_span(name):
        if tenant:
            recorder.note("tenant.id", tenant)
        codeops.record("stripe.charge", charges)


def test_usage_and_cost_of_requests_are_reported_with_their_labels(instrumented, exported, metered):
    read, tracer = metered(), exported().tracer

    for charges in (1, 2, 3):
        request(tracer, charges=charges, tenant="acme")

    usage = [(labels, amount) for labels, amount in read.read("codeops.usage") if labels["cost.meter"] == "stripe.charge"]
    labels = {"cost.root": "GET /a", "tenant.id": "acme", "cost.meter": "stripe.charge", "cost.meter.unit": unit_of("stripe.charge")}
    assert usage == [(labels, 6)]
    (cost,) = [(labels, amount) for labels, amount in read.read("codeops.cost") if labels["cost.root"] == "GET /a"]
    assert cost == ({"cost.root": "GET /a", "tenant.id": "acme", "cost.currency": "EUR"}, pytest.approx(1.5, rel=1e-3))
    assert read.read("codeops.requests") == [({"cost.root": "GET /a", "tenant.id": "acme"}, 3)]


def test_the_metrics_are_those_of_the_registry_with_their_attributes(instrumented, exported, metered):
    read, tracer = metered(), exported().tracer

    request(tracer)

    for metric in METRICS:
        points = read.read(metric.name)
        assert points, metric.name
        assert {label for labels, _ in points for label in labels} == set(metric.by)


def test_spans_below_the_root_are_summed_under_the_root(instrumented, exported, metered):
    read, tracer = metered(), exported().tracer

    with tracer.start_as_current_span("GET /a"):
        for name in ("query", "render"):
            with tracer.start_as_current_span(name):
                codeops.record("stripe.charge", 1)

    assert read.total("codeops.usage", cost__root="GET /a", cost__meter="stripe.charge") == 2
    assert read.total("codeops.requests") == 1
    assert {labels["cost.root"] for labels, _ in read.read("codeops.usage")} & {"query", "render"} == set()


def test_the_sum_of_the_cost_metric_is_the_sum_of_the_costs_on_the_spans(instrumented, exported, metered, work):
    read, spans = metered(), exported()

    for charges in range(20):
        with spans.tracer.start_as_current_span("GET /a"):
            request(spans.tracer, "inner", charges)
            work.burn(0.2)

    on_spans = sum(span.attributes["cost.self"] for span in spans.all())
    assert read.total("codeops.cost", cost__root="GET /a") == pytest.approx(on_spans, rel=1e-4)  # what came late is only in the metric


def test_all_cpu_of_the_process_is_in_the_usage_metric(instrumented, exported, metered, work):
    read, tracer = metered(), exported().tracer

    with tracer.start_as_current_span("GET /a"):
        burned_s = work.burn(60)
    work.burn(60)

    points = {labels["cost.root"]: amount for labels, amount in read.read("codeops.usage") if labels["cost.meter"] == "compute.cpu"}
    assert points["GET /a"] == work.near(burned_s)
    assert points["unattributed.thread"] > 0.9 * burned_s
    (error,) = [amount for _, amount in read.read("codeops.ledger.error")]
    assert error < 0.01  # of little CPU; the claim of 0.005 is for longer


def test_what_has_no_price_is_a_number_and_is_not_reported_as_costing_nothing(instrumented, metered):
    read = metered()

    codeops.record("acme.unknown", 1)
    codeops.record("acme.other", 1)

    assert read.total("codeops.unpriced") == 2
    assert [labels for labels, _ in read.read("codeops.cost") if labels["cost.root"] == "(no span)"] == []
    assert read.total("codeops.usage", cost__meter="acme.unknown") == 1


def test_without_a_price_book_there_is_usage_and_no_cost(instrument, exported, metered):
    instrument(pricebook=None)
    read, tracer = metered(), exported().tracer

    request(tracer)

    assert read.total("codeops.usage", cost__meter="stripe.charge") == 1
    assert read.read("codeops.cost") == []


def test_the_metrics_are_the_same_when_no_span_is_sampled(instrument, exported, metered):
    read = metered()
    found = {}
    for sampler in (None, ALWAYS_OFF):
        instrument()
        tracer = exported(sampler=sampler).tracer
        before = {name: dict_of(read.read(name)) for name in ("codeops.usage", "codeops.requests")}
        for number in range(30):
            request(tracer, f"GET /{number % 3}", charges=number, tenant=f"t{number % 2}")
        after = {name: dict_of(read.read(name)) for name in before}
        found[sampler] = {name: difference(before[name], after[name]) for name in before}

    assert found[None] == found[ALWAYS_OFF]
    assert len(found[None]["codeops.requests"]) == 6


def dict_of(points):
    return {tuple(sorted(labels.items())): amount for labels, amount in points if labels.get("cost.meter") != "compute.cpu"}


def difference(before, after):
    return {key: amount - before.get(key, 0) for key, amount in after.items() if amount != before.get(key, 0)}


def test_what_a_long_span_consumes_is_reported_while_it_is_open_and_never_twice(instrumented, exported, metered):
    read, tracer, seen = metered(), exported().tracer, []

    with tracer.start_as_current_span("stream"):
        for _ in range(5):
            codeops.record("stripe.charge", 10)
            seen.append(read.total("codeops.usage", cost__meter="stripe.charge"))
    seen.append(read.total("codeops.usage", cost__meter="stripe.charge"))

    assert seen == sorted(seen)
    assert seen[2] >= 10, "nothing of an open span was reported"
    assert seen[-1] == 50


def test_a_long_span_still_carries_all_that_it_consumed(instrumented, exported, metered):
    read, spans = metered(), exported()

    with spans.tracer.start_as_current_span("stream"):
        for _ in range(4):
            codeops.record("stripe.charge", 10)
            read.read("codeops.usage")

    assert spans["stream"]["cost.usage.stripe.charge"] == 40
    assert spans["stream"]["cost.request"] == pytest.approx(10, rel=1e-3)
    assert read.total("codeops.cost", cost__root="stream") == pytest.approx(10, rel=1e-3)


@pytest.mark.parametrize("options", [{}, DELTA], ids=["cumulative", "delta"])
def test_every_amount_is_reported_once_whatever_the_temporality(instrumented, exported, metered, options):
    read, tracer = metered(**options), exported().tracer
    seen = []

    for number in range(6):
        request(tracer, charges=number)
        seen.append(read.total("codeops.usage", cost__meter="stripe.charge"))

    assert (sum(seen) if options else seen[-1]) == 15
    assert min(seen) >= 0


def test_two_readers_get_the_same_amounts(instrumented, exported, metered):
    one, other, tracer = metered(), metered(), exported().tracer

    for charges in (1, 2):
        request(tracer, charges=charges)
        assert one.total("codeops.usage", cost__meter="stripe.charge") == other.total("codeops.usage", cost__meter="stripe.charge")

    assert one.total("codeops.usage", cost__meter="stripe.charge") == 3


def test_a_collection_right_after_another_one_misses_nothing(instrumented, exported, metered):
    read, tracer = metered(), exported().tracer

    for number in range(10):
        request(tracer)
        assert read.total("codeops.requests") == number + 1


def test_ten_thousand_tenants_make_a_bounded_number_of_series_and_the_sums_stay_exact(instrument, exported, metered):
    instrument(max_rows=100)
    read, tracer = metered(), exported().tracer

    for number in range(10_000):
        request(tracer, f"GET /{number % 3}", tenant=f"tenant {number}")

    usage = [(labels, amount) for labels, amount in read.read("codeops.usage") if labels["cost.meter"] == "stripe.charge"]
    assert len(usage) <= 130
    assert sum(amount for _, amount in usage) == 10_000
    assert read.total("codeops.requests") == 10_000
    assert sum(amount for labels, amount in usage if labels.get("tenant.id") == "other" or labels["cost.root"] == "other") > 9_000


def test_rows_that_were_dropped_would_be_noticed_in_the_sums(instrument, exported, metered, monkeypatch):
    """The control of the test above: totals that forget what is past the bound."""
    instrument(max_rows=100)
    read, tracer = metered(), exported().tracer
    made = Totals.sum

    def forgetful(self, root, name, labels):
        found = made(self, root, name, labels)
        return found if "other" not in {found.root, *dict(found.labels).values()} else type(found)(root, name, labels, self._account())

    monkeypatch.setattr(Totals, "sum", forgetful)
    for number in range(300):
        request(tracer, tenant=f"tenant {number}")

    assert read.total("codeops.requests") < 300


def test_after_uninstrument_nothing_is_reported_and_after_instrument_it_goes_on(instrument, exported, metered):
    read, tracer = metered(), exported().tracer
    instrument()
    request(tracer)
    read.read("codeops.usage")
    request(tracer)  # not collected before the end

    codeops.uninstrument()
    assert [read.read(name) for name in ("codeops.usage", "codeops.cost", "codeops.requests", "codeops.ledger.error")] == [[], [], [], []]

    instrument()
    request(tracer)
    assert read.total("codeops.usage", cost__meter="stripe.charge") == 3


def test_a_second_instrumentation_never_reports_a_negative_amount(instrument, exported, metered):
    read, tracer = metered(**DELTA), exported().tracer
    seen = []

    for _ in range(3):
        instrument()
        request(tracer, charges=5)
        seen += read.read("codeops.usage")
        codeops.uninstrument()
        seen += read.read("codeops.usage")

    amounts = [amount for labels, amount in seen if labels["cost.meter"] == "stripe.charge"]
    assert amounts == [5, 5, 5]
    assert all(amount >= 0 for _, amount in seen)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_the_child_after_a_fork_reports_its_own_and_nothing_negative(instrumented, exported, metered):
    read, tracer = metered(**DELTA), exported().tracer
    request(tracer, charges=5)
    read.read("codeops.usage")
    request(tracer, charges=100)  # of the parent, which reports it

    inside, outside = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            request(tracer, charges=7)
            found = read.read("codeops.usage")
            own = [amount for labels, amount in found if labels["cost.meter"] == "stripe.charge"]
            os.write(outside, repr((own, min(amount for _, amount in found) >= 0)).encode())
        finally:
            os._exit(0)
    os.close(outside)
    os.waitpid(child, 0)
    told = os.read(inside, 1000).decode()
    os.close(inside)

    assert told == "([7], True)"
    assert read.total("codeops.usage", cost__meter="stripe.charge") == 100


def test_what_is_counted_outside_of_any_span_is_reported_too(instrumented, metered):
    read = metered()

    codeops.record("stripe.charge", 1)

    assert read.read("codeops.requests") == []
    assert read.total("codeops.usage", cost__meter="stripe.charge", cost__root="(no span)") == 1


STRICT = ("-W", "error", "-W", "ignore::DeprecationWarning")  # older SDKs have some of their own
PROGRAM = """
import codeops
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider

def request():
    with trace.get_tracer("shop").start_as_current_span("GET /a"):
        codeops.record("stripe.charge", 2)

codeops.instrument(memory=False, libraries=())
request()  # no SDK yet: this is in no span
reader = InMemoryMetricReader()
metrics.set_meter_provider(MeterProvider([reader], shutdown_on_exit=False))
request()
trace.set_tracer_provider(TracerProvider(shutdown_on_exit=False))
request()
found = {
    point.attributes["cost.root"]: point.value
    for of in reader.get_metrics_data().resource_metrics
    for scope in of.scope_metrics
    for metric in scope.metrics
    if metric.name == "codeops.usage"
    for point in metric.data.data_points
    if point.attributes["cost.meter"] == "stripe.charge"
}
print(found)
"""


def test_providers_that_are_set_after_instrument_report_everything_since(tmp_path):
    ended = subprocess.run([sys.executable, *STRICT, "-c", PROGRAM], capture_output=True, text=True, check=False, cwd=tmp_path)

    assert (ended.stderr, ended.stdout.strip()) == ("", "{'(no span)': 4, 'GET /a': 2}")

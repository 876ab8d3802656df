"""Whether a trace is sampled changes what is exported and nothing else: totals are equal, and so is what is propagated."""

from types import SimpleNamespace

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_OFF,
    ALWAYS_ON,
    Decision,
    ParentBased,
    Sampler,
    SamplingResult,
    TraceIdRatioBased,
)
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

import codeops
from codeops.instrument import recorder


class Deciding(Sampler):
    """Decides by the name of the span."""

    def __init__(self, **decisions) -> None:
        self.decisions = decisions

    def should_sample(self, parent_context, trace_id, name, kind=None, attributes=None, links=None, trace_state=None):
        decision = self.decisions.get(name.split(" ")[0], self.decisions["other"])
        return SamplingResult(decision, attributes, trace.get_current_span(parent_context).get_span_context().trace_state)

    def get_description(self):
        return "by name"


SAMPLERS = {
    "always on": ALWAYS_ON,
    "always off": ALWAYS_OFF,
    "none of all": TraceIdRatioBased(0),
    "half": TraceIdRatioBased(0.5),
    "as the parent": ParentBased(ALWAYS_OFF),
    "recorded only": Deciding(other=Decision.RECORD_ONLY),
    "roots dropped": Deciding(GET=Decision.DROP, other=Decision.RECORD_AND_SAMPLE),
    "children dropped": Deciding(GET=Decision.RECORD_AND_SAMPLE, other=Decision.DROP),
}


def serve(tracer, work, ms=0.0):
    """Twelve requests on three routes that burn so much in two places; the CPU that it really was."""
    burned = {}
    for number in range(12):
        route, tenant = f"GET /{number % 3}", f"t{number % 2}"
        with tracer.start_as_current_span(route, attributes={"http.route": route}) as root:
            root.set_attribute("tenant.id", tenant)
            burned[route] = burned.get(route, 0) + work.burn(ms)
            with tracer.start_as_current_span("query"):
                codeops.record("db.query", number)
                burned["query"] = burned.get("query", 0) + work.burn(ms)
            recorder.lookup(number % 4 > 0)
            with tracer.start_as_current_span("chat", attributes={"gen_ai.request.model": "m"}) as chat:
                chat.set_attributes({"gen_ai.usage.input_tokens": 100, "gen_ai.usage.cache_read.input_tokens": 40})
    return burned


def counted():
    """All rows but their CPU and cost, which vary."""
    return {
        (row.root, row.name, tuple(sorted(row.labels.items()))): (
            row.count,
            row.requests,
            {meter: amount for meter, amount in row.usage.items() if meter != "compute.cpu"},
            row.unpriced,
        )
        for row in codeops.collect()
        if row.count
    }


@pytest.fixture
def sampled(instrument, exported, work):
    """What is counted for the same requests with every span sampled."""
    instrument()
    serve(exported().tracer, work)
    found = counted()
    codeops.uninstrument()
    return found


@pytest.mark.parametrize("name", SAMPLERS)
def test_totals_are_equal_whatever_is_sampled(instrument, exported, work, sampled, name):
    instrument()

    burned = serve(exported(sampler=SAMPLERS[name]).tracer, work, ms=4)

    assert counted() == sampled
    for key, burned_s in burned.items():
        assert 0.98 * burned_s < work.totals(key)["compute.cpu"] < 1.4 * burned_s, key  # OpenTelemetry and we work in it, too


def test_without_owners_for_unsampled_spans_the_totals_would_differ(instrument, exported, work, sampled, monkeypatch):
    """The control of the test above: unsampled spans as they come from the SDK."""
    from codeops.instrument.tracing.sdk import Spans

    monkeypatch.setattr(Spans, "_unrecorded", lambda self, span, *rest: span)
    instrument()

    serve(exported(sampler=SAMPLERS["children dropped"]).tracer, work)

    assert counted() != sampled


def test_the_cost_of_a_sampled_root_includes_what_unsampled_spans_below_it_cost(instrumented, exported):
    spans = exported(sampler=SAMPLERS["children dropped"])

    with spans.tracer.start_as_current_span("GET /a"), spans.tracer.start_as_current_span("child"):
        codeops.record("stripe.charge", 1)

    assert [span.name for span in spans.all()] == ["GET /a"]
    assert spans["GET /a"]["cost.request"] == pytest.approx(0.25, rel=1e-3)
    assert spans["GET /a"]["cost.self"] < 0.01


def test_an_unsampled_span_stays_what_it_is_for_the_program(instrumented, exported):
    spans = exported(sampler=ALWAYS_OFF)

    with spans.tracer.start_as_current_span("root") as span:
        span.add_event("event")
        span.record_exception(ValueError("x"))
        span.set_status(trace.StatusCode.ERROR)
        inside = (trace.get_current_span() is span, span.is_recording(), isinstance(span, NonRecordingSpan))

    assert inside == (True, False, True)
    assert span.get_span_context().is_valid
    assert not span.get_span_context().trace_flags.sampled
    assert spans.all() == ()


@pytest.mark.parametrize("name", [name for name in SAMPLERS if name != "half"])
def test_the_same_trace_context_is_propagated_as_without_codeops(instrument, exported, name):
    class Counting:
        """Ids that repeat."""

        def __init__(self) -> None:
            self.last = 0

        def generate_span_id(self):
            self.last += 1
            return self.last

        generate_trace_id = generate_span_id

        def is_trace_id_random(self):
            return False

    def headers():
        tracer, found = exported(sampler=SAMPLERS[name], id_generator=Counting()).tracer, []
        parents = [None]
        for flags in (TraceFlags.SAMPLED, TraceFlags.DEFAULT):
            remote = SpanContext(0xABC, 0xDEF, is_remote=True, trace_flags=TraceFlags(flags), trace_state=trace.TraceState([("a", "b")]))
            parents.append(trace.set_span_in_context(NonRecordingSpan(remote)))
        for parent in parents:
            with tracer.start_as_current_span("GET /a", context=parent), tracer.start_as_current_span("child"):
                carrier: dict[str, str] = {}
                TraceContextTextMapPropagator().inject(carrier)
                found.append(carrier)
        return found

    bare = headers()
    instrument()

    assert headers() == bare
    assert len({carrier["traceparent"] for carrier in bare}) == 3


def test_labels_set_on_an_unsampled_span_count_however_many_attributes_it_has(instrumented, exported):
    tracer = exported(sampler=ALWAYS_OFF).tracer

    with tracer.start_as_current_span("root") as span:
        for number in range(1000):
            span.set_attribute(f"own.{number}", number)
        span.set_attributes({"tenant.id": "acme", "http.route": "/a"})
        span.set_attribute("cache_hit", True)

    (row,) = [row for row in codeops.collect() if row.name == "root"]
    assert row.labels == {"tenant.id": "acme", "http.route": "/a", "cache_hit": "true"}


def test_an_unsampled_span_can_be_renamed_and_ended_twice(instrumented, exported):
    tracer = exported(sampler=ALWAYS_OFF).tracer

    span = tracer.start_span("GET")
    span.update_name("GET /a")
    span.end()
    span.end()

    assert [(row.name, row.count) for row in codeops.collect() if row.count] == [("GET /a", 1)]


def test_a_tracer_that_is_turned_off_leaves_the_work_with_the_span_around(instrumented, exported, work):
    spans = exported()
    silent = spans.provider.get_tracer("silent")
    if not hasattr(silent, "_tracer_config"):
        return  # older SDKs cannot turn one off
    silent._tracer_config.is_enabled = False

    with spans.tracer.start_as_current_span("root"), silent.start_as_current_span("unseen"):
        codeops.record("stripe.charge", 1)
        burned_s = work.burn(5)

    assert spans["root"]["cost.usage.stripe.charge"] == 1
    assert spans["root"]["cost.usage.compute.cpu"] == work.near(burned_s)
    assert {row.name for row in codeops.collect() if row.count} == {"root"}


def test_a_block_of_ours_counts_for_itself_although_its_tracer_is_turned_off(instrumented, exported, monkeypatch):
    spans = exported()
    silent = spans.provider.get_tracer("codeops")
    if not hasattr(silent, "_tracer_config"):
        return  # older SDKs cannot turn one off
    silent._tracer_config.is_enabled = False
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: SimpleNamespace(get_tracer=lambda *_: silent))

    with spans.tracer.start_as_current_span("root"), codeops.span("block"):
        codeops.record("stripe.charge", 1)

    assert "cost.usage.stripe.charge" not in spans["root"]
    assert {row.name: row.usage.get("stripe.charge") for row in codeops.collect() if row.count} == {"root": None, "block": 1}

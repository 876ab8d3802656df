"""It does not matter when a provider is made, what processors it has, in which order they were added and how they are called."""

import threading

import pytest
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ConcurrentMultiSpanProcessor, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import codeops
from codeops.instrument import guard


class Witness(SpanProcessor):
    """Keeps what a processor sees of a span that ended."""

    def __init__(self) -> None:
        self.seen = {}

    def on_end(self, span):
        self.seen[span.name] = dict(span.attributes or {})


class Resources(SpanProcessor):
    """Keeps the resources of spans that ended."""

    def __init__(self) -> None:
        self.seen = []

    def on_end(self, span):
        self.seen.append(span.resource)


class Broken(SpanProcessor):
    """Fails at every end."""

    def on_end(self, span):
        raise ZeroDivisionError


def charged(tracer):
    with tracer.start_as_current_span("root"), tracer.start_as_current_span("child"):
        codeops.record("stripe.charge", 1)


@pytest.mark.parametrize("processor", [SimpleSpanProcessor, BatchSpanProcessor])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_every_exporter_sees_the_cost_whenever_it_was_added(instrument, processor, moment):
    exporter = InMemorySpanExporter()
    if moment == "after":
        instrument()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(processor(exporter))
    tracer = provider.get_tracer("shop")
    if moment == "before":
        instrument()

    charged(tracer)
    provider.force_flush()
    provider.shutdown()

    found = {span.name: span.attributes for span in exporter.get_finished_spans()}
    assert found["child"]["cost.usage.stripe.charge"] == 1
    assert found["root"]["cost.request"] == pytest.approx(0.25, rel=1e-3)


def test_processors_added_while_codeops_is_there_see_the_cost_in_whatever_order(instrumented):
    provider, witnesses = TracerProvider(shutdown_on_exit=False), [Witness() for _ in range(3)]
    for witness in witnesses:
        provider.add_span_processor(witness)

    charged(provider.get_tracer("shop"))

    assert [witness.seen["child"]["cost.usage.stripe.charge"] for witness in witnesses] == [1, 1, 1]
    assert witnesses[0].seen == witnesses[2].seen


@pytest.mark.parametrize("moment", ["before", "after"])
def test_processors_that_are_called_in_threads_see_the_cost_and_consume_nothing_of_the_spans(instrument, work, moment):
    witnesses = [Witness() for _ in range(3)]
    if moment == "after":
        instrument()
    concurrent = ConcurrentMultiSpanProcessor(num_threads=3)
    provider = TracerProvider(active_span_processor=concurrent, shutdown_on_exit=False)
    for witness in witnesses:
        provider.add_span_processor(witness)
    tracer = provider.get_tracer("shop")
    if moment == "before":
        instrument()

    with tracer.start_as_current_span("root"), tracer.start_as_current_span("child"):
        codeops.record("stripe.charge", 1)
        burned_s = work.burn(10)
    concurrent._executor.shutdown()

    for witness in witnesses:
        assert witness.seen["child"]["cost.usage.stripe.charge"] == 1
        assert witness.seen["child"]["cost.usage.compute.cpu"] == work.near(burned_s)
        assert witness.seen["root"]["cost.request"] == pytest.approx(0.25, rel=1e-3)


def test_a_processor_that_fails_fails_as_it_does_without_us_and_loses_no_cost(instrumented, work):
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(Broken())

    with pytest.raises(ZeroDivisionError), provider.get_tracer("shop").start_as_current_span("root"):
        codeops.record("stripe.charge", 1)

    assert work.totals("root")["stripe.charge"] == 1


def test_spans_of_several_providers_in_one_request_make_one_tree(instrumented, exported):
    shop, bank = exported(), exported()

    with shop.tracer.start_as_current_span("root"), bank.tracer.start_as_current_span("child"):
        codeops.record("stripe.charge", 1)

    assert "cost.request" not in bank["child"]
    assert shop["root"]["cost.request"] == pytest.approx(0.25, rel=1e-3)


def test_what_others_put_around_start_and_end_goes_on_working(instrumented, exported):
    spans, calls = exported(), []
    span = spans.tracer.start_span("root")
    ended = span.end

    def end(*args, **kwargs):
        calls.append("theirs")
        ended(*args, **kwargs)

    span.end = end
    with trace.use_span(span, end_on_exit=True):
        codeops.record("stripe.charge", 1)

    assert calls == ["theirs"]
    assert spans["root"]["cost.usage.stripe.charge"] == 1


def test_start_span_takes_all_that_it_took_before_by_place_and_by_name(instrumented, exported):
    spans = exported()
    links = [trace.Link(trace.SpanContext(1, 2, is_remote=True))]

    spans.tracer.start_span("by place", None, trace.SpanKind.CLIENT, {"a": 1}, links, 12, False, False).end(15)
    spans.tracer.start_span(
        name="by name",
        context=None,
        kind=trace.SpanKind.CLIENT,
        attributes={"a": 1},
        links=links,
        start_time=12,
        record_exception=False,
        set_status_on_exception=False,
    ).end(end_time=15)

    for span in spans.all():
        assert (span.kind, span.attributes["a"], len(span.links), span.start_time, span.end_time) == (trace.SpanKind.CLIENT, 1, 1, 12, 15)
    assert len(spans.all()) == 2


def test_a_span_ends_when_the_program_ends_it_and_not_after_our_work(instrumented, exported):
    spans = exported()
    span = spans.tracer.start_span("root")

    span.end()

    assert 0 < spans.span("root").end_time - spans.span("root").start_time < 50_000_000


def test_spans_that_many_threads_start_at_once_each_get_their_own(instrumented, exported):
    spans = exported()

    def work(number):
        for turn in range(50):
            with spans.tracer.start_as_current_span(f"{number}/{turn}"):
                codeops.record("stripe.charge", number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {span.name: span.attributes["cost.usage.stripe.charge"] for span in spans.all()} == {
        f"{number}/{turn}": number for number in range(1, 5) for turn in range(50)
    }


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("given", ["by name", "by place", "not given"])
def test_a_resource_keeps_what_it_said_and_gets_the_currency_whenever_its_provider_was_made(instrument, moment, given, monkeypatch):
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "team=search")
    resource, witness = Resource({"service.name": "shop"}, "https://example.com/schema"), Resources()

    def made():
        if given == "by name":
            return TracerProvider(resource=resource, shutdown_on_exit=False)
        return TracerProvider(None, resource, False) if given == "by place" else TracerProvider(shutdown_on_exit=False)

    if moment == "after":
        instrument()
    provider = made()
    provider.add_span_processor(witness)
    tracer = provider.get_tracer("shop")
    if moment == "before":
        instrument()
        provider.get_tracer("another")  # a provider that is not the program's only one is found then

    tracer.start_span("root").end()

    (found,) = witness.seen
    assert (found.attributes["cost.currency"], found.attributes["cost.pricebook"]) == ("EUR", "2026-11-01")
    if given == "not given":
        assert found.attributes["team"] == "search"
        assert found.attributes["telemetry.sdk.name"] == "opentelemetry"
    else:
        assert (found.attributes["service.name"], found.schema_url) == ("shop", "https://example.com/schema")


def test_an_sdk_that_lets_no_resource_be_completed_is_told_and_nothing_else_happens(instrument, monkeypatch):
    """As a future SDK may be: the resource is computed anew each time it is asked for."""
    monkeypatch.setattr(guard, "strict", False)
    monkeypatch.setattr(guard, "problems", [])
    monkeypatch.setattr(guard, "_causes", set())
    fixed = Resource({"service.name": "shop"})
    provider = TracerProvider(shutdown_on_exit=False)
    monkeypatch.setattr(TracerProvider, "resource", property(lambda _: fixed))
    monkeypatch.delattr(TracerProvider, "_update_resource", raising=False)
    instrument()

    provider.get_tracer("shop").start_span("root").end()

    assert ["cost.currency is missing" in str(problem) for problem in guard.problems] == [True]

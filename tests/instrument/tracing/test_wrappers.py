"""What stands in place of `Tracer.start_span` and `Span.end` is called, looked at and passed on as the functions themselves."""

import inspect
import time

import pytest
from opentelemetry.sdk.trace import Span, Tracer
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import INVALID_SPAN, NonRecordingSpan, SpanKind, set_span_in_context

from codeops.instrument.tracing import sdk

PLACES = pytest.mark.parametrize(("owner", "name"), [(Tracer, "start_span"), (Span, "end")])


@PLACES
def test_a_wrapper_looks_like_what_it_wraps(instrument, owner, name):
    plain = vars(owner)[name]
    instrument()
    wrapper = vars(owner)[name]

    assert wrapper is not plain
    assert callable(wrapper)
    assert inspect.unwrap(wrapper) is inspect.unwrap(plain)
    assert inspect.signature(wrapper) == inspect.signature(plain)
    assert inspect.isroutine(wrapper)
    assert [getattr(wrapper, one) for one in ("__name__", "__qualname__", "__module__", "__doc__")] == [
        getattr(plain, one) for one in ("__name__", "__qualname__", "__module__", "__doc__")
    ]


@PLACES
def test_a_wrapper_is_bound_as_a_method(instrumented, exported, owner, name):
    one = exported().tracer
    one = one if owner is Tracer else one.start_span("x")

    bound = getattr(one, name)

    assert bound.__self__ is one
    assert bound.__func__ is vars(owner)[name]
    one.end() if owner is Span else bound("y").end()


def test_a_span_starts_by_place_and_by_name(instrumented, exported):
    spans = exported()

    spans.tracer.start_span("by place", None, SpanKind.CLIENT, {"a": 1}, (), 5).end(9)
    spans.tracer.start_span(name="by name", context=None, kind=SpanKind.CLIENT, attributes={"a": 1}, start_time=5).end(end_time=9)
    spans.tracer.start_span("a root", set_span_in_context(INVALID_SPAN)).end()

    for name in ("by place", "by name"):
        span = spans.span(name)
        assert (span.kind, span.attributes["a"], span.start_time, span.end_time) == (SpanKind.CLIENT, 1, 5, 9)
        assert "cost.request" in span.attributes
    assert "cost.request" in spans["a root"]


@pytest.mark.parametrize("ended", [lambda span: span.end(), lambda span: span.end(None), lambda span: span.end(end_time=None)])
def test_a_span_ends_now_unless_it_is_told_when(instrumented, exported, ended):
    spans = exported()
    before = time.time_ns()

    ended(spans.tracer.start_span("x"))

    assert before <= spans.span("x").end_time <= time.time_ns()
    assert "cost.request" in spans["x"]


def test_the_clock_of_an_end_is_asked_each_time(instrumented, exported, monkeypatch):
    spans = exported()
    span = spans.tracer.start_span("x", start_time=1)
    monkeypatch.setattr(sdk, "time_ns", lambda: 7)

    span.end()

    assert spans.span("x").end_time == 7


def test_wrong_arguments_are_refused_as_ever(instrumented, exported):
    spans = exported()
    span = spans.tracer.start_span("x")

    for wrong in (spans.tracer.start_span, lambda: span.end(1, 2), lambda: span.end(when=1), Span.end):
        with pytest.raises(TypeError):
            wrong()

    assert not span._codeops_owner.is_ended
    span.end()
    assert "cost.request" in spans["x"]


def test_spans_that_are_not_recorded_are_handled_however_they_are_started(instrumented, exported, work):
    tracer = exported(sampler=ALWAYS_OFF).tracer

    for span in (
        tracer.start_span("GET /a", None, SpanKind.SERVER, {"http.route": "/a"}),
        tracer.start_span(name="GET /a", attributes={"http.route": "/a"}),
    ):
        assert isinstance(span, NonRecordingSpan)
        span.end()

    assert {row.labels["http.route"]: row.requests for row in sdk_rows("GET /a")} == {"/a": 2}


def sdk_rows(name):
    import codeops

    return [row for row in codeops.collect() if row.name == name]


def test_an_interrupt_within_our_work_is_the_programs(instrumented, exported, monkeypatch):
    def interrupted():
        raise KeyboardInterrupt

    span = exported().tracer.start_span("x")
    monkeypatch.setattr(sdk, "time_ns", interrupted)

    with pytest.raises(KeyboardInterrupt):
        span.end()

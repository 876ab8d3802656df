"""CodeOps can be taken out at any moment, and put in again; no span, context or provider is the worse for it."""

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec

import pytest
from opentelemetry import context, trace
from opentelemetry.sdk.trace import Span, Tracer
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

import codeops

LEDGERS = ["native", "pure", "off"] if find_spec("codeops.instrument.ledger._native") else ["pure", "off"]
MOMENTS = ("before the start", "after the start", "within", "after the child", "after the detach", "after the end")
CHANGES = {
    "out": codeops.uninstrument,
    "in": lambda: codeops.instrument(memory=False, libraries=()),
    "out and in": lambda: (codeops.uninstrument(), codeops.instrument(memory=False, libraries=())),
}


def walked(spans, act):
    """A request whose every step is followed by `act` with the name of the moment; what was current on the way."""
    current = []

    def step(moment):
        act(moment)
        current.append(trace.get_current_span().get_span_context().span_id)

    step("before the start")
    root = spans.tracer.start_span("root")
    step("after the start")
    token = context.attach(trace.set_span_in_context(root))
    step("within")
    with spans.tracer.start_as_current_span("child"), codeops.span("block"):
        codeops.record("stripe.charge", 1)
    step("after the child")
    context.detach(token)
    step("after the detach")
    root.end()
    step("after the end")
    return [number == root.get_span_context().span_id for number in current]


@pytest.mark.parametrize("sampler", [None, ALWAYS_OFF], ids=["sampled", "unsampled"])
@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("change", CHANGES)
def test_a_change_at_any_moment_of_a_span_harms_nothing(instrument, exported, caplog, change, moment, sampler):
    spans = exported(sampler=sampler)
    if change != "in":
        instrument()

    current = walked(spans, lambda now: CHANGES[change]() if now == moment else None)

    assert current == [False, False, True, True, False, False]
    assert context.get_current() == {}
    assert [span.name for span in spans.all()] == ([] if sampler else ["child", "root"])
    assert "Failed to detach" not in caplog.text
    codeops.collect()


@pytest.mark.parametrize(("first", "second"), [pair for pair in itertools.product(LEDGERS, repeat=2) if pair != ("off", "off")])
def test_one_ledger_may_follow_another_within_a_span(exported, first, second):
    spans = exported()
    codeops.instrument(ledger=first, memory=False, libraries=())

    with spans.tracer.start_as_current_span("root"):
        codeops.uninstrument()
        codeops.instrument(ledger=second, memory=False, libraries=())
        with spans.tracer.start_as_current_span("child"):
            codeops.record("stripe.charge", 1)
        codeops.record("stripe.charge", 1)

    assert spans["child"]["cost.usage.stripe.charge"] == 1
    assert sum(row.usage.get("stripe.charge", 0) for row in codeops.collect()) == 2


def test_what_was_counted_before_is_not_counted_by_the_next_one(instrument, exported, work):
    spans = exported()
    instrument()
    with spans.tracer.start_as_current_span("root"):
        codeops.record("stripe.charge", 5)
        codeops.uninstrument()
        instrument()
        codeops.record("stripe.charge", 1)

    assert work.totals()["stripe.charge"] == 1


def test_afterwards_spans_carry_nothing_and_nothing_is_in_their_way(instrument, exported):
    start, end = vars(Tracer)["start_span"], vars(Span)["end"]
    spans = exported()
    instrument()
    codeops.uninstrument()

    with spans.tracer.start_as_current_span("root"):
        codeops.record("stripe.charge", 1)

    assert not [name for name in spans["root"] if name.startswith("cost.")]
    assert (vars(Tracer)["start_span"], vars(Span)["end"]) == (start, end)


def test_a_wrapper_that_others_put_on_top_stays_and_ours_only_passes_on(instrument, exported, monkeypatch):
    spans, calls = exported(), []
    original = vars(Tracer)["start_span"]
    instrument()
    ours = Tracer.start_span

    def theirs(*args, **kwargs):
        calls.append(1)
        return ours(*args, **kwargs)

    Tracer.start_span = theirs
    try:
        codeops.uninstrument()
        with spans.tracer.start_as_current_span("after"):
            pass
        assert (Tracer.start_span, calls) == (theirs, [1])

        instrument()
        calls.clear()
        with spans.tracer.start_as_current_span("again"):
            codeops.record("stripe.charge", 1)
        codeops.uninstrument()
    finally:
        Tracer.start_span = original

    assert calls == [1]
    assert not [name for name in spans["after"] if name.startswith("cost.")]
    assert spans["again"]["cost.usage.stripe.charge"] == 1


def test_putting_in_and_out_while_threads_make_spans_harms_none_of_them(exported):
    spans, is_over = exported(), threading.Event()

    def requests(name):
        while not is_over.is_set():
            with spans.tracer.start_as_current_span(name), spans.tracer.start_as_current_span("child"):
                codeops.record("stripe.charge", 1)
            assert trace.get_current_span() is trace.INVALID_SPAN

    with ThreadPoolExecutor(3) as pool:
        served = [pool.submit(requests, f"thread {number}") for number in range(3)]
        try:
            for turn in range(20):
                codeops.instrument(ledger=LEDGERS[turn % len(LEDGERS)], memory=False, libraries=())
                codeops.uninstrument()
        finally:
            is_over.set()

    assert [future.exception() for future in served] == [None, None, None]
    assert {f"thread {number}" for number in range(3)} <= {span.name for span in spans.all()}

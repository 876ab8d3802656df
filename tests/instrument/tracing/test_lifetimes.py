"""Spans that start, live and end in unusual ways."""

import gc
import logging
import threading

import pytest
from opentelemetry import context, trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

import codeops

REMOTE = SpanContext(0x1234, 0x5678, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def remote():
    return trace.set_span_in_context(NonRecordingSpan(REMOTE), context.Context())


def test_a_span_below_a_remote_one_is_a_local_root(instrumented, exported):
    spans = exported()

    with spans.tracer.start_as_current_span("server", context=remote()), spans.tracer.start_as_current_span("child"):
        codeops.record("stripe.charge", 1)

    assert spans.span("server").parent == REMOTE
    assert spans["server"]["cost.request"] == pytest.approx(0.25, rel=1e-3)
    assert "cost.request" not in spans["child"]


def test_a_remote_context_attached_within_a_request_begins_another_one(instrumented, exported):
    """As consumers of a queue do for each message of a batch."""
    spans = exported()

    with spans.tracer.start_as_current_span("batch"):
        token = context.attach(remote())
        with spans.tracer.start_as_current_span("message"):
            codeops.record("stripe.charge", 1)
        context.detach(token)
        codeops.record("db.query", 1)

    assert spans["message"]["cost.request"] == pytest.approx(0.25, rel=1e-3)
    assert spans["batch"]["cost.request"] == pytest.approx(0.0005, rel=0.05)
    assert spans["batch"]["cost.usage.db.query"] == 1


def test_an_explicit_parent_context_decides_the_tree_not_the_current_span(instrumented, exported):
    spans = exported()
    one, other = spans.tracer.start_span("one"), spans.tracer.start_span("other")

    with trace.use_span(one), spans.tracer.start_as_current_span("child", context=trace.set_span_in_context(other)):
        codeops.record("stripe.charge", 1)
    one.end()
    other.end()

    assert spans["other"]["cost.request"] == pytest.approx(0.25, rel=1e-3)
    assert spans["one"]["cost.request"] < 0.01


def test_a_span_that_was_never_current_consumes_nothing_and_still_has_a_row(instrumented, exported):
    spans = exported()

    with spans.tracer.start_as_current_span("root"):
        span = spans.tracer.start_span("aside")
        codeops.record("stripe.charge", 1)
        span.end()

    assert not [name for name in spans["aside"] if name.startswith("cost.usage")]
    assert spans["root"]["cost.usage.stripe.charge"] == 1
    assert [row.count for row in codeops.collect() if row.name == "aside"] == [1]


def test_a_span_made_current_several_times_sums_up(instrumented, exported, work):
    spans = exported()
    span, burned_s = spans.tracer.start_span("root"), 0.0

    for _ in range(3):
        with trace.use_span(span, end_on_exit=False):
            burned_s += work.burn(3)
        work.burn(3)
    span.end()

    assert spans["root"]["cost.usage.compute.cpu"] == work.near(burned_s)


def in_a_thread(work):
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def test_a_span_ended_on_another_thread_than_it_started_on_carries_the_cpu_of_both(instrumented, exported, work):
    spans, burned = exported(), []
    span = spans.tracer.start_span("root")

    def rest():
        with trace.use_span(span, end_on_exit=True):
            burned.append(work.burn(5))
            codeops.record("stripe.charge", 1)

    with trace.use_span(span, end_on_exit=False):
        burned.append(work.burn(5))
    in_a_thread(rest)

    assert spans["root"]["cost.usage.stripe.charge"] == 1
    assert spans["root"]["cost.usage.compute.cpu"] == work.near(sum(burned))


def test_what_a_thread_is_still_doing_when_another_one_ends_its_span_is_on_it_or_late_and_never_lost(instrumented, exported, work):
    spans = exported()
    span = spans.tracer.start_span("root")

    with trace.use_span(span, end_on_exit=False):
        burned_s = work.burn(5)
        in_a_thread(span.end)

    (row,) = [row for row in codeops.collect() if row.name == "root"]
    assert row.usage["compute.cpu"] == work.near(burned_s)
    assert row.usage["compute.cpu"] == pytest.approx(row.late_s + spans["root"].get("cost.usage.compute.cpu", 0), abs=1e-6)


def test_a_span_ended_twice_is_counted_once(instrumented, exported, caplog):
    spans = exported()
    with spans.tracer.start_as_current_span("root") as span:
        codeops.record("stripe.charge", 1)

    with caplog.at_level(logging.WARNING):
        span.end()

    assert "ended span" in caplog.text  # what the SDK says about it
    assert len(spans.all()) == 1
    assert [(row.count, row.usage["stripe.charge"]) for row in codeops.collect() if row.name == "root"] == [(1, 1)]


def test_what_a_span_consumed_that_is_never_ended_is_not_lost(instrumented, exported, work):
    spans = exported()
    span = spans.tracer.start_span("forgotten")
    with trace.use_span(span, end_on_exit=False):
        codeops.record("stripe.charge", 1)
        burned_s = work.burn(5)
    open_usage = work.totals("forgotten")

    del span
    gc.collect()

    assert open_usage["stripe.charge"] == 1
    assert spans.all() == ()
    assert work.totals("(unended)")["stripe.charge"] == 1
    assert work.totals("unattributed.unended")["compute.cpu"] == work.near(burned_s)


def test_a_child_that_outlives_its_root_is_counted_for_the_request_and_not_on_the_root(instrumented, exported):
    spans = exported()
    with spans.tracer.start_as_current_span("root") as root:
        child = spans.tracer.start_span("child")
        root.set_attribute("tenant.id", "acme")

    with trace.use_span(child, end_on_exit=True):
        codeops.record("stripe.charge", 1)

    assert spans["root"]["cost.request"] < 0.01
    assert spans["child"]["cost.self"] == pytest.approx(0.25, rel=1e-3)
    (row,) = [row for row in codeops.collect() if row.name == "child"]
    assert (row.root, row.labels["tenant.id"], row.usage["stripe.charge"]) == ("root", "acme", 1)


def test_what_a_request_does_after_its_end_is_late_and_has_its_labels(instrumented, exported, work):
    spans = exported()
    span = spans.tracer.start_span("root", attributes={"tenant.id": "acme"})

    with trace.use_span(span, end_on_exit=False):
        span.end()
        codeops.record("stripe.charge", 1)
        burned_s = work.burn(5)

    (row,) = [row for row in codeops.collect() if row.name == "root"]
    assert row.usage["stripe.charge"] == 1
    assert row.late_s == work.near(burned_s)
    assert "cost.usage.stripe.charge" not in spans["root"]


def test_a_renamed_root_names_its_rows(instrumented, exported):
    """Instrumentations learn the route after the start."""
    spans = exported()

    with spans.tracer.start_as_current_span("GET") as root:
        with spans.tracer.start_as_current_span("child"):
            pass
        root.update_name("GET /a/{id}")

    rows = {row.name: row for row in codeops.collect() if row.count}
    assert set(rows) == {"GET /a/{id}", "child"}
    assert rows["child"].root == "GET /a/{id}"


def test_a_span_that_ended_before_codeops_came_or_started_before_is_left_alone(instrument, exported):
    spans = exported()
    early = spans.tracer.start_span("early")
    instrument()

    with trace.use_span(early, end_on_exit=True), spans.tracer.start_as_current_span("child"):
        codeops.record("stripe.charge", 1)

    assert not [name for name in spans["early"] if name.startswith("cost.")]
    assert spans["child"]["cost.usage.stripe.charge"] == 1


@pytest.mark.parametrize("depth", [1, 40])
def test_deep_trees_and_many_names_are_counted_whole(instrumented, exported, work, depth):
    spans = exported()

    with spans.tracer.start_as_current_span("root"):
        for number in range(100):
            with spans.tracer.start_as_current_span(f"name {number % (2 * depth)}"):
                codeops.record("stripe.charge", 1)

    assert spans["root"]["cost.request"] == pytest.approx(25, rel=1e-3)
    assert work.totals()["stripe.charge"] == 100


def test_a_context_without_a_span_within_a_span_is_nobodys(instrumented, exported, work):
    spans = exported()

    with spans.tracer.start_as_current_span("root"):
        token = context.attach(context.Context())
        work.burn(5)
        context.detach(token)
        burned_s = work.burn(5)

    assert spans["root"]["cost.usage.compute.cpu"] == work.near(burned_s)

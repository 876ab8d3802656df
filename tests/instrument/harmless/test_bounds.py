"""The memory that we take is bounded, however many labels, names, spans, threads and contexts a program makes."""

import pytest

PROGRAM = """
    import gc, os, sys, threading, tracemalloc
    from contextlib import ExitStack
    from probe import *
    log = Warnings()
    from opentelemetry import context, trace
    from opentelemetry.sdk.trace import TracerProvider
    trace.set_tracer_provider(TracerProvider(shutdown_on_exit=False))
    tracer = trace.get_tracer("program")
    import codeops
    codeops.instrument(memory=True, breakdown=["customer"])

    def tenants(number):
        with codeops.span("request", tenant=f"tenant{number}"):
            with codeops.span("child"):
                codeops.record("charge.card", 1)

    def names(number):
        with tracer.start_as_current_span(f"GET /items/{number}"):
            with tracer.start_as_current_span(f"query {number}"):
                pass

    def dropped(number):
        span = tracer.start_span("dropped root")
        with trace.use_span(span):
            tracer.start_span("dropped child")
            codeops.record("charge.lost", 1)

    def attached(number):
        context.attach(trace.set_span_in_context(tracer.start_span("never detached")))

    def threads(number):
        if number % 20 == 0:
            thread = threading.Thread(target=tenants, args=(number,))
            thread.start()
            thread.join()

    def in_one_root(number):
        with codeops.span(f"child{number}", customer=f"customer{number}"):
            codeops.record("charge.kind", 1, kind=f"kind{number}")
            codeops.record(f"charge.meter{number}", 1)

    def in_one_span(number):
        codeops.record("charge.some", 1, kind=f"kind{number}")
        codeops.record(f"charge.other{number}", 1)

    def dropped_in_one_root(number):
        with trace.use_span(tracer.start_span("dropped child")):
            codeops.record("charge.lost", 1, kind=f"kind{number}")

    def tokens(number):
        with tracer.start_as_current_span("llm"):
            codeops.record("llm.input", 5, model=f"model{number % 3}")

    def bytes_for_each(act, times):
        for number in range(times):
            act(number)
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        for number in range(times, 2 * times):
            act(number)
        gc.collect()
        return (tracemalloc.get_traced_memory()[0] - before) / times

    times, told = int(sys.argv[1]), {}
    tracemalloc.start()
    for act in (tenants, names, dropped, attached, threads):
        done = threading.Thread(target=lambda: told.update({act.__name__: bytes_for_each(act, times)}))
        done.start()          # in a context of its own
        done.join()
    for act in (in_one_root, in_one_span, dropped_in_one_root, tokens):
        with codeops.span("long"):
            told[act.__name__] = bytes_for_each(act, times)
    tracemalloc.stop()
    rows = codeops.collect()
    counted = sum(amount for row in rows for meter, amount in row.usage.items() if not meter.startswith("compute."))
    tell(growth=told, rows=len(rows), requests=sum(row.requests for row in rows), spans=sum(row.count for row in rows),
         counted=counted, books=books(), log=log.texts)
"""

TIMES = 1000  # with two rows each, all rows are taken after half of the tenants
ACTS = ["tenants", "names", "dropped", "attached", "threads", "in_one_root", "in_one_span", "dropped_in_one_root", "tokens"]


@pytest.fixture(scope="module", params=["native", "pure"])
def grown(request, tmp_path_factory, run_program):
    return run_program(tmp_path_factory.mktemp("bounds"), PROGRAM, str(TIMES), CODEOPS_LEDGER=request.param, timeout_s=120).well()


@pytest.mark.parametrize("act", ACTS)
def test_memory_does_not_grow_with_what_a_program_makes_up(grown, act):
    assert grown["growth"][act] < 20, "bytes each, when all that is bounded is full"


def test_rows_are_bounded_and_nothing_is_dropped(grown):
    made = 2 * TIMES

    assert grown["rows"] <= 2000 + 500 + 20
    assert grown["requests"] == made * 2 + made // 20 + 4
    assert grown["spans"] == made * 4 + 2 * (made // 20) + 2 * made + 4
    assert grown["counted"] == made * (1 + 1 + 2 + 2 + 1 + 5) + made // 20
    assert grown["books"]["error"] <= 0.005
    assert grown["books"]["negative"] == grown["log"] == []


HELD = """
    import gc, sys, tracemalloc
    from contextlib import ExitStack
    from probe import *
    log = Warnings()
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    trace.set_tracer_provider(TracerProvider(shutdown_on_exit=False))
    tracer = trace.get_tracer("program")
    import codeops

    def bytes_for_each(make, times=2000):
        kept = [make(number) for number in range(times)]     # tables grow to the size that they then keep
        del kept
        make(0)
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        kept = [make(number) for number in range(times)]
        held = (tracemalloc.get_traced_memory()[0] - before) / times
        del kept
        gc.collect()
        make(0)     # with the next span, what the dropped ones counted is put away
        return [held, (tracemalloc.get_traced_memory()[0] - before) / times]

    def root(number):
        return tracer.start_span("never ended", context=trace.set_span_in_context(trace.INVALID_SPAN))

    def child(number):
        return tracer.start_span("never ended either")

    def nested(number, levels=1000):
        with ExitStack() as stack:
            for level in range(levels):
                stack.enter_context(codeops.span(f"level {level % 3}"))
            burn(0.01)

    told = {}
    for how in ("without", "with"):
        if how == "with":
            codeops.instrument(memory=True)
        tracemalloc.start()
        told[how] = {"root": bytes_for_each(root)}
        with tracer.start_as_current_span("above"):
            told[how]["child"] = bytes_for_each(child)
        tracemalloc.stop()
    with trace.use_span(tracer.start_span("dropped")):
        burn(0.03)
    nested(0)
    tell(**told, unended=amounts()["unattributed.unended"], counts=counts(), books=books(), log=log.texts)
"""


def test_what_is_held_for_a_span_that_never_ends_is_little_and_freed_with_it(program, ledger):
    told = program(HELD, CODEOPS_LEDGER=ledger).well()

    for kind in ("root", "child"):
        (held, left), (plain, _) = told["with"][kind], told["without"][kind]
        assert held - plain < 900, f"{kind}: bytes for each span beside OpenTelemetry's own"
        assert left < 20, f"{kind}: bytes for each that was dropped"
    assert told["unended"] == pytest.approx(0.03, rel=0.3, abs=0.01)
    assert told["counts"] == {"above": 1, "level 0": 334, "level 1": 333, "level 2": 333}
    assert told["books"]["error"] <= 0.005
    assert told["books"]["negative"] == told["log"] == []

"""A program ends as it would without us: the same exit code, nothing of ours on stderr, and at once."""

import signal

import pytest

BEGIN = """
    import atexit, os, sys, threading, time
    from probe import *
    if sys.argv[1] == "sdk":
        from opentelemetry import trace
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
        class Exporter(SpanExporter):
            def export(self, spans):
                return SpanExportResult.SUCCESS
        trace.set_tracer_provider(TracerProvider())
        trace.get_tracer_provider().add_span_processor(BatchSpanProcessor(Exporter()))
    import codeops
    if os.environ["WITH"] == "yes":
        codeops.instrument(memory=True)
"""

ENDS = {
    "in a span by sys.exit": """
    with codeops.span("root"), codeops.span("child"):
        codeops.record("charge.card", 1)
        sys.exit(3)
    """,
    "by an exception": """
    with codeops.span("root"):
        {}["missing"]
    """,
    "by KeyboardInterrupt": """
    with codeops.span("root"):
        raise KeyboardInterrupt
    """,
    "at once": """
    with codeops.span("root"):
        print("told", flush=True)
        os._exit(5)
    """,
    "with daemon threads at work": """
    def work():
        while True:
            with codeops.span("background", tenant="acme"):
                codeops.record("charge.card", 1)
    for _ in range(4):
        threading.Thread(target=work, daemon=True).start()
    time.sleep(0.1)
    """,
    "with a thread that is waited for": """
    def work():
        time.sleep(0.1)
        with codeops.span("late"):
            burn(0.01)
        print("told")
    threading.Thread(target=work).start()
    """,
    "with spans and counts in atexit": """
    held = codeops.span("held")
    held.__enter__()
    def at_end():
        with codeops.span("at end", tenant="acme"):
            codeops.record("charge.card", 1)
        held.__exit__(None, None, None)
        codeops.collect()
        print("told")
    atexit.register(at_end)
    """,
    "with taking out in atexit": """
    atexit.register(codeops.uninstrument)
    with codeops.span("root"):
        pass
    """,
    "with finalizers of globals": """
    class Owned:
        def __init__(self):
            self.span = codeops.span("held")
            self.span.__enter__()
            self.codeops = codeops
        def __del__(self):
            with self.codeops.span("finalizer", tenant="acme"):
                self.codeops.record("charge.card", 1)
            self.span.__exit__(None, None, None)
            self.codeops.bind(print)
            self.codeops.collect()
    owned = Owned()
    cycle = [Owned()]
    cycle.append(cycle)
    """,
    "with a count that is refused in a finalizer": """
    class Owned:
        def __del__(self):
            self.codeops.record("charge.card", -1)
    owned = Owned()
    owned.codeops = codeops
    owned.itself = owned
    with codeops.span("root"):
        codeops.record("charge.card", 1)
    """,
    "within a running loop": """
    import asyncio
    async def forever():
        with codeops.span("task"):
            await asyncio.sleep(60)
    async def main():
        global kept
        kept = [asyncio.create_task(forever()) for _ in range(3)]
        await asyncio.sleep(0.01)
        with codeops.span("main"):
            sys.exit(4)
    asyncio.run(main())
    """,
    "with an executor at work": """
    from concurrent.futures import ThreadPoolExecutor
    pool = ThreadPoolExecutor(2)
    with codeops.span("root"):
        for _ in range(20):
            pool.submit(burn, 0.005)
    """,
    "with generators that hold spans": """
    def held():
        with codeops.span("generator"):
            yield 1
    kept = held()
    next(kept)
    """,
    "by a signal that kills": """
    with codeops.span("root"):
        os.kill(os.getpid(), 15)
    """,
}


@pytest.mark.parametrize("how", ENDS)
def test_a_program_ends_as_it_would_without_us(together, how):
    text = BEGIN + ENDS[how]

    native, pure, plain, traced = together(
        (text, "sdk", {"WITH": "yes", "CODEOPS_LEDGER": "native"}),
        (text, "no sdk", {"WITH": "yes", "CODEOPS_LEDGER": "pure"}),
        (text, "no sdk", {"WITH": "no"}),
        (text, "sdk", {"WITH": "no"}),
    )

    assert native == traced
    assert pure == plain


INTERRUPTED = """
    import sys
    from probe import *
    sdk()
    import codeops
    codeops.instrument(memory=True)
    print("go", flush=True)
    while True:
        with codeops.span("root", tenant="acme"), codeops.span("child"):
            codeops.record("charge.card", 1)
"""


def test_an_interrupt_in_the_middle_of_our_work_ends_the_program(program, ledger):
    for _ in range(3):
        ended = program(INTERRUPTED, CODEOPS_LEDGER=ledger, interrupt_after="go", timeout_s=20)

        assert ended.code == -signal.SIGINT
        assert ended.err.count("Traceback") == 1
        assert ended.err.strip().endswith("KeyboardInterrupt")

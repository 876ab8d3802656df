"""Signal handlers and finalizers come in the middle of anything: nothing hangs, and nothing is lost or counted twice."""

import sys

import pytest

STORM = """
    import gc, random, signal, sys, time
    from probe import *
    log = Warnings()
    if "sdk" in sys.argv: sdk()
    import codeops
    codeops.instrument(memory="memory" in sys.argv)
    gc.disable()    # in Python 3.11 the collector may run within `ContextVar.set`, and a handler within its callbacks
    random.seed(1)
    held, done, n = [], [], dict(handled=0, charges=0, roots=0, children=0)

    def handle(*_):
        n["handled"] += 1
        codeops.record("charge.card", 1)
        with codeops.span("handler", tenant="acme"):
            codeops.record("charge.late", 1)
            if held:
                held.pop().__exit__(None, None, None)     # a span of the work that is interrupted, ended out of turn
        if n["handled"] % 50 == 0:
            codeops.collect()
        if not done:
            signal.setitimer(signal.ITIMER_REAL, random.uniform(2e-5, 3e-4))

    signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.001)
    until = time.monotonic() + 0.8
    while time.monotonic() < until:
        with codeops.span("root", tenant=str(n["roots"] % 7)):
            n["roots"] += 1
            for number in range(3):
                with codeops.span(f"child{number}"):
                    n["children"] += 1
                    codeops.record("charge.card", 1)
                    n["charges"] += 1
            codeops.record("charge.card", 1)
            n["charges"] += 1
    done.append(True)
    time.sleep(0.01)
    found = counts()
    told = {"roots": found["root"], "children": sum(found[f"child{number}"] for number in range(3)), "handled": found["handler"],
            "charges": sum(amounts("charge.card").values()) - n["handled"]}
    tell(told=told, did=n, late=sum(amounts("charge.late").values()), books=books(), log=log.texts)
"""


@pytest.mark.parametrize("how", [["plain"], ["sdk", "memory"]], ids=" ".join)
def test_a_storm_of_signals_whose_handler_counts_loses_nothing(program, ledger, how):
    told = program(STORM, *how, CODEOPS_LEDGER=ledger, timeout_s=60).well()

    assert told["did"]["handled"] > 200, "it was a storm"
    assert told["told"] == told["did"]
    assert told["late"] == told["did"]["handled"]
    assert told["books"]["error"] <= 0.005
    assert told["books"]["negative"] == told["log"] == []


FINALIZERS = """
    import gc, sys
    from probe import *
    log = Warnings()
    if "sdk" in sys.argv: sdk()
    import codeops
    from opentelemetry import trace
    codeops.instrument(memory=True)
    tracer = trace.get_tracer("program")
    n = dict(finalized=0, charges=0)

    class Owned:
        def __init__(self):
            self.cycle = self
            self.span = tracer.start_span("left to the collector")

        def __del__(self):
            n["finalized"] += 1
            codeops.record("charge.card", 1)
            self.span.end()
            if sys.version_info < (3, 12):      # there the collector may run within `ContextVar.set`, which then breaks, also without us
                tracer.start_span("finalizer").end()
                codeops.record("charge.late", 1)
            else:
                with codeops.span("finalizer"):
                    codeops.record("charge.late", 1)

    gc.collect()
    gc.freeze()
    gc.set_threshold(7, 3, 3)      # many collections, in the middle of whatever allocates
    for number in range(600):
        with codeops.span(f"root{number % 30}", tenant=str(number % 7)):
            Owned()
            for meter in ("charge.card", f"charge.kind{number % 5}"):
                with codeops.span("child"):
                    codeops.record(meter, 1)
                n["charges"] += meter == "charge.card"
    gc.collect()
    gc.disable()
    found = counts()
    tell(did=n, found=found, charges=sum(amounts("charge.card").values()), late=sum(amounts("charge.late").values()),
         kinds=[sum(amounts(f"charge.kind{number}").values()) for number in range(5)], books=books(), log=log.texts)
"""


@pytest.mark.parametrize("how", ["plain", "sdk"])
def test_finalizers_that_end_spans_and_count_lose_nothing(program, ledger, how):
    told = program(FINALIZERS, how, CODEOPS_LEDGER=ledger, timeout_s=60).well()

    assert told["did"]["finalized"] == 600
    assert told["found"]["child"] == 1200
    assert told["late"] == 600
    assert told["found"].get("finalizer", 0) == (600 if how == "sdk" or sys.version_info >= (3, 12) else 0)
    assert told["charges"] == told["did"]["charges"] + 600
    assert told["kinds"] == [120] * 5
    assert sum(told["found"].get(f"root{number}", 0) for number in range(30)) == 600
    assert told["books"]["error"] <= 0.005
    assert told["books"]["negative"] == told["log"] == []


def test_the_first_use_of_all_may_be_in_a_signal_handler(program, ledger):
    told = program(
        """
        import os, signal
        from probe import *
        import codeops
        done = []

        def handle(*_):
            with codeops.span("before", tenant="acme"):
                codeops.record("charge.card", 1)
            codeops.instrument(memory=True)
            with codeops.span("handler"):
                codeops.record("charge.card", 1)
            done.append(codeops.collect())

        signal.signal(signal.SIGUSR1, handle)
        os.kill(os.getpid(), signal.SIGUSR1)
        with codeops.span("program"):
            burn(0.1)
        tell(done=len(done), counts=counts(), books=books())
        """,
        CODEOPS_LEDGER=ledger,
    ).well()

    assert told["done"] == 1
    assert told["counts"] == {"handler": 1, "program": 1}
    assert told["books"]["error"] <= 0.005

"""The public functions may be called at any time and from anywhere: before `instrument()`, after `uninstrument()`, in any thread."""

import pytest

ALL = """
    import asyncio, sys, threading, time
    from probe import *
    log = Warnings()
    if "sdk" in sys.argv:
        spans = sdk()
    import codeops

    @codeops.span("decorated", tenant="acme")
    def decorated(number):
        return number + 1

    @codeops.job("decorated job", unit="GB")
    async def decorated_async(number):
        return number + 1

    @codeops.bind
    def bound(number):
        return number + 1

    def everything():
        found = []
        with codeops.span("block", tenant="acme") as block:
            codeops.record("charge.card", 1)
            with codeops.job("job", unit="GB", units=1) as job:
                job.units = 2
            found.append(type(block).__name__)
        found.append(decorated(1))
        found.append(asyncio.run(decorated_async(2)))
        found.append(bound(3))
        found.append(codeops.bind(len)("abcd"))
        try:
            with codeops.span("failing"):
                raise KeyError("of the program")
        except KeyError as problem:
            found.append(problem.args[0])
        return found

    def in_thread():
        found = []
        thread = threading.Thread(target=lambda: found.append(everything()))
        thread.start()
        thread.join()
        return found[0]

    told = {}
    told["before"] = [everything(), in_thread(), codeops.collect()]
    codeops.uninstrument()
    codeops.instrument(memory=True)
    told["while"] = [everything(), in_thread()]
    told["counts"] = counts()
    told["charges"] = amounts("charge.card")
    codeops.uninstrument()
    told["after"] = [everything(), in_thread(), codeops.collect()]
    codeops.instrument(memory=False)
    told["again"] = [everything(), in_thread()]
    told["counted again"] = counts()
    tell(**told, log=log.texts)
"""


@pytest.mark.parametrize("how", ["sdk", "no sdk"])
def test_public_functions_do_their_work_at_any_time_and_count_while_they_may(program, ledger, how):
    told = program(ALL, how, CODEOPS_LEDGER=ledger).well()

    done = ["Span", 2, 3, 4, 4, "of the program"]
    counts = {"block": 2, "job": 2, "decorated": 2, "decorated job": 2, "failing": 2}
    assert told["before"] == told["after"] == [done, done, []]
    assert told["while"] == told["again"] == [done, done]
    assert told["counts"] == told["counted again"] == counts
    assert told["charges"] == {"block": 2}
    assert told["log"] == []


def test_work_bound_in_a_span_and_done_after_taking_out_or_anew_is_done(program, ledger):
    told = program(
        """
        from probe import *
        log = Warnings()
        import codeops
        codeops.instrument(memory=False)
        with codeops.span("root"):
            late = codeops.bind(lambda: burn(0.03) or codeops.record("charge.card", 1) or "done")
        first = late()
        rows = [amounts(), amounts("charge.card")]
        codeops.uninstrument()
        second = late()
        codeops.instrument(memory=False)
        burn(0.05)
        third = late()
        tell(done=[first, second, third], first=rows, again=[amounts(), amounts("charge.card")], books=books(), log=log.texts)
        """,
        CODEOPS_LEDGER=ledger,
    ).well()

    assert told["done"] == ["done"] * 3
    cpu, charges = told["first"]
    assert cpu["root"] >= 0.03
    assert charges == {"root": 1}
    cpu, charges = told["again"]
    assert "root" not in cpu
    assert charges == {"(no span)": 1}
    assert cpu["unattributed.thread"] >= 0.075
    assert told["books"]["error"] <= 0.005
    assert told["log"] == []


def test_one_span_object_may_be_entered_by_threads_at_once_and_within_itself(program, ledger):
    told = program(
        """
        import threading
        from probe import *
        log = Warnings()
        spans = sdk()
        import codeops
        from opentelemetry import trace
        codeops.instrument(memory=False)
        shared, ready, current = codeops.span("shared", tenant="acme"), threading.Barrier(3), []

        def work(order):
            with shared:
                ready.wait()
                with shared:
                    burn(0.1)  # long against the start of a thread, which the ledger in Python does not see
                for _ in range(order):
                    ready.wait()
            for _ in range(3 - order):
                ready.wait()
            current.append(trace.get_current_span() is trace.INVALID_SPAN)

        threads = [threading.Thread(target=work, args=(order,)) for order in range(3)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        tell(counts=counts(), current=current, parents=sorted(str(span.parent is not None) for span in spans), books=books(), log=log.texts)
        """,
        CODEOPS_LEDGER=ledger,
    ).well()

    assert told["counts"] == {"shared": 6}
    assert told["current"] == [True] * 3
    assert told["parents"] == ["False"] * 3 + ["True"] * 3
    assert told["books"]["error"] <= 0.005
    assert told["log"] == []

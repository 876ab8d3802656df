"""Putting in and taking out, as often as one likes and wherever one is; modules that are loaded again."""

import signal
import time

import pytest

BALANCED = 0.005
"""The invariant of the ledger."""

TRACES = """
    import gc, os, sys, threading, asyncio
    from concurrent.futures import ThreadPoolExecutor
    from probe import *
    log = Warnings()
    spans = sdk()
    import httpx, sqlite3, starlette.applications
    from opentelemetry import context, trace
    import codeops

    def traces():
        provider = trace.get_tracer_provider()
        return {
            "callbacks": len(gc.callbacks),
            "finders": [type(finder).__name__ for finder in sys.meta_path],
            "threads": threading.active_count(),
            "descriptors": len(os.listdir("/proc/self/fd")),
            "context": type(context._RUNTIME_CONTEXT).__name__,
            "processors": len(provider._active_span_processor._span_processors),
            "functions": [function.__module__ + "." + function.__qualname__ for function in (
                ThreadPoolExecutor.submit, threading.Thread.start, asyncio.BaseEventLoop.create_task,
                httpx.HTTPTransport.handle_request, sqlite3.connect, starlette.applications.Starlette.__call__,
                type(provider).__init__, type(provider).get_tracer,
            )],
            "wrapped": [hasattr(function, "__wrapped__") for function in (
                ThreadPoolExecutor.submit, threading.Thread.start, asyncio.BaseEventLoop.create_task,
                httpx.HTTPTransport.handle_request, starlette.applications.Starlette.__call__,
            )],
        }
"""


def test_a_hundred_times_in_and_out_leaves_nothing_behind(program, ledger):
    told = program(
        TRACES
        + """
    def once():
        codeops.instrument(memory=True)
        inside = traces()
        with codeops.span("root", tenant="a"), codeops.span("inner"):
            codeops.record("charge.card", 1)
        rows = counts()
        codeops.uninstrument()
        spans.clear()
        return inside, rows

    before = traces()
    first, _ = once()
    after_one = traces()
    [once() for _ in range(5)]
    gc.collect()
    objects = len(gc.get_objects())
    for _ in range(100):
        last, rows = once()
    gc.collect()
    grown = len(gc.get_objects()) - objects
    tell(before=before, first=first, last=last, after_one=after_one, after=traces(), rows=rows,
         grown=grown, log=log.texts)
    """,
        CODEOPS_LEDGER=ledger,
    ).well()

    assert told["after"] == told["after_one"] == told["before"]
    assert told["last"] == told["first"] != told["before"]
    assert told["rows"] == {"root": 1, "inner": 1}
    assert told["grown"] < 100, "not one object for each time"
    assert told["log"] == []


def test_a_second_call_counts_nothing_twice(program, ledger):
    told = program(
        """
        from probe import *
        log = Warnings()
        spans = sdk()
        import sqlite3
        import codeops
        codeops.instrument(memory=True)
        codeops.instrument(memory=False, ledger="pure", labels={"region": "eu-west-1"})
        with codeops.span("root"):
            sqlite3.connect(":memory:").execute("select 1")
            burn(0.05)
        first = [counts(), amounts("db.query"), books()]
        codeops.uninstrument()
        codeops.uninstrument()
        tell(first=first, rows=len(codeops.collect()), log=log.texts)
        """,
        CODEOPS_LEDGER=ledger,
    ).well()

    rows, queries, books = told["first"]
    assert (rows, queries) == ({"root": 1}, {"root": 1})
    assert books["error"] <= BALANCED
    assert (told["rows"], told["log"]) == (0, [])


def test_taken_out_and_put_in_inside_of_open_spans_and_a_running_loop(program, ledger):
    told = program(
        """
        import asyncio, sys, threading
        from probe import *
        log = Warnings()
        if sys.argv[1] == "sdk": sdk()
        import codeops
        done = []

        async def step(number):
            with codeops.span(f"step{number}"):
                await asyncio.sleep(0)
                burn(0.002)
                await asyncio.sleep(0.001)
                done.append(number)

        async def main():
            waiting = [asyncio.create_task(step(0)) for _ in range(3)]
            codeops.instrument(memory=False)                     # inside of a loop, with tasks under way
            await asyncio.gather(*waiting, *(step(1) for _ in range(3)))
            with codeops.span("outer", tenant="a"):
                burn(0.02)
                waiting = [asyncio.create_task(step(2)) for _ in range(3)]
                await asyncio.sleep(0)
                codeops.uninstrument()                           # inside of a span, with tasks in theirs
                await asyncio.gather(*waiting)
                none = codeops.collect()
                codeops.instrument(memory=False)                 # inside of a span of the first time
                burn(0.02)
                with codeops.span("inner"):
                    burn(0.05)
                    await asyncio.gather(*(asyncio.create_task(step(3)) for _ in range(3)))
            with codeops.span("later"):
                burn(0.02)
            here = [books(), counts(), amounts()]
            thread = threading.Thread(target=codeops.uninstrument)
            thread.start()
            thread.join()
            await step(4)
            return none, here

        none, (second, spans, cpu) = asyncio.run(main())
        tell(none=none, books=second, counts=spans, cpu=cpu, done=sorted(done), after=len(codeops.collect()), log=log.texts)
        """,
        "sdk",
        CODEOPS_LEDGER=ledger,
    ).well()

    assert told["done"] == [0] * 3 + [1] * 3 + [2] * 3 + [3] * 3 + [4]
    assert told["none"] == []
    assert told["books"]["error"] <= BALANCED
    assert told["books"]["negative"] == []
    assert told["counts"] == {"inner": 1, "step3": 3, "later": 1}
    assert told["cpu"]["inner"] == pytest.approx(0.05, rel=0.2, abs=0.01)
    assert told["cpu"]["unattributed.thread"] + told["cpu"]["unattributed.loop"] >= 0.018, "the span of the first time is nobody's"
    assert (told["after"], told["log"]) == (0, [])


WORK = """
    import importlib, sys
    from probe import *
    log = Warnings()
    spans = sdk()
    import sqlite3
    import codeops
    codeops.instrument(memory=True)

    def work():
        with codeops.span("root", tenant="a"):
            codeops.record("charge.card", 1)
            sqlite3.connect(":memory:").execute("select 1")
            with codeops.span("child"):
                return [number * 2 for number in range(3)]

    results = [work()]
"""


def test_the_public_modules_may_be_reloaded_and_counting_goes_on(program, ledger):
    told = program(
        WORK
        + """
    importlib.reload(codeops)
    importlib.reload(codeops.instrument)
    codeops.instrument()
    results.append(work())
    tell(results=results, counts=counts(), queries=amounts("db.query"), charges=amounts("charge.card"), log=log.texts)
    """,
        CODEOPS_LEDGER=ledger,
    ).well()

    assert told["results"] == [[0, 2, 4]] * 2
    assert told["counts"] == {"root": 2, "child": 2}
    assert told["queries"] == told["charges"] == {"root": 2}
    assert told["log"] == []


@pytest.mark.parametrize("how", ["reloaded in place", "loaded a second time"])
def test_modules_loaded_anew_while_in_use_disturb_nobody_and_are_told_once(program, ledger, how):
    told = program(
        WORK
        + """
    ours = [name for name in sys.modules if name.startswith("codeops") and not name.endswith("_native")]
    if sys.argv[1] == "reloaded in place":
        for name in sorted(ours):
            importlib.reload(sys.modules[name])
    else:
        for name in ours:
            del sys.modules[name]
        import codeops
    results.append(work())
    codeops.instrument()
    codeops.instrument()
    results.append(work())
    import httpx                   # a library that is waited for
    from concurrent.futures import ThreadPoolExecutor
    with ThreadPoolExecutor(1) as pool:
        results.append(pool.submit(work).result())
    codeops.uninstrument()
    results.append(work())
    tell(results=results, spans=len(spans), rows=len(codeops.collect()), log=log.texts)
    """,
        how,
        CODEOPS_LEDGER=ledger,
    ).well()

    assert told["results"] == [[0, 2, 4]] * 5
    assert told["spans"] == 10
    assert told["rows"] == 0
    assert sum("loaded a second time" in text for text in told["log"]) == 1


RELOADED = """
    import os
    import codeops
    codeops.instrument(memory=True)
    from forking import report
    from probe import burn
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    async def work(request):
        with codeops.span("work"):
            burn(0.01)
        return JSONResponse({"pid": os.getpid(), "version": 1, **report()})

    app = Starlette(routes=[Route("/", work)])
"""


@pytest.mark.slow
def test_uvicorn_that_restarts_on_a_change_has_balanced_books_each_time(tmp_path, ledger, served):
    site = tmp_path / "site_of_test.py"
    process, ask = served(RELOADED, "uvicorn", "--reload", f"--reload-dir={tmp_path}", "--port=0", CODEOPS_LEDGER=ledger)
    first = [ask("/") for _ in range(5)][-1]
    site.write_text(site.read_text().replace('"version": 1', '"version": 2'))
    until = time.monotonic() + 30
    while (second := ask("/"))["version"] == 1 and time.monotonic() < until:
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    process.wait(20)

    assert second["version"] == 2
    assert first["pid"] != second["pid"]
    assert first["counts"] == {"work": 5}
    assert max(first["error"], second["error"]) <= BALANCED
    assert first["negative"] == second["negative"] == []

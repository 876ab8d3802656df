"""After a fork the child has books of its own that balance, and those of the parent are as they were."""

import signal
import time

import pytest

BALANCED = 0.005
"""The invariant of the ledger."""


def demand_own_books(child, *, spans):
    assert child["error"] <= BALANCED, child
    assert child["negative"] == []
    assert child["counts"] == spans
    assert child["cpu"]["child"] == pytest.approx(0.06, rel=0.25, abs=0.01)
    assert sum(child["charges"].values()) == 1


PLAIN = """
    import sys
    from probe import *
    log = Warnings()
    import codeops
    if "sdk" in sys.argv: sdk()
    codeops.instrument(memory="memory" in sys.argv)
    from forking import *
    with codeops.span("before"):
        burn(0.02)
    child = forked(worked)
    with codeops.span("after"):
        burn(0.02)
    tell(child=child, parent=report(), log=log.texts)
"""


@pytest.mark.parametrize("how", ["plain", "sdk", "memory"])
def test_a_child_begins_with_empty_books(program, ledger, how):
    told = program(PLAIN, how, CODEOPS_LEDGER=ledger).well()

    demand_own_books(told["child"], spans={"child": 1, "child/inner": 1})
    assert told["parent"]["counts"] == {"before": 1, "after": 1}
    assert told["parent"]["error"] <= BALANCED
    assert told["parent"]["negative"] == told["log"] == []


INSIDE = """
    import os, sys
    from probe import *
    log = Warnings()
    import codeops
    if "sdk" in sys.argv: sdk()
    codeops.instrument(memory=False)
    from forking import *
    def child():
        told = worked()            # still inside of the spans of the parent
        inner.__exit__(None, None, None)
        burn(0.05)
        with codeops.span("in between"):
            burn(0.03)
        outer.__exit__(None, None, None)
        burn(0.02)
        return {**told, **report()}
    outer = codeops.span("outer", tenant="acme")
    with codeops.span("before"):
        pass
    outer.__enter__()
    inner = codeops.span("inner")
    inner.__enter__()
    burn(0.03)
    told = forked(child)
    inner.__exit__(None, None, None)
    outer.__exit__(None, None, None)
    tell(child=told, parent=report(), log=log.texts)
"""


@pytest.mark.parametrize("how", ["plain", "sdk"])
def test_spans_of_the_parent_that_a_child_leaves_are_not_the_childs(program, ledger, how):
    told = program(INSIDE, how, CODEOPS_LEDGER=ledger).well()

    demand_own_books(told["child"], spans={"child": 1, "child/inner": 1, "in between": 1})
    assert told["child"]["cpu"]["in between"] == pytest.approx(0.03, rel=0.3, abs=0.01)
    assert told["parent"]["counts"] == {"before": 1, "outer": 1, "inner": 1}
    assert told["parent"]["cpu"]["inner"] == pytest.approx(0.03, rel=0.3, abs=0.01)
    assert told["parent"]["error"] <= BALANCED
    assert told["log"] == []


THREADS = """
    import threading
    from probe import *
    log = Warnings()
    import codeops
    codeops.instrument(memory=True)
    from forking import *
    done = threading.Event()
    def work():
        while not done.is_set():
            with codeops.span("background", tenant=str(threading.get_ident() % 3)):
                burn(0.001)
                codeops.record("charge.card", 1)
    def collect():
        while not done.is_set():
            codeops.collect()
    threads = [threading.Thread(target=target) for target in (work, work, collect)]
    [thread.start() for thread in threads]
    told = []
    def fork():
        for _ in range(5):
            with codeops.span("forks"):
                told.append(forked(worked))
    forker = threading.Thread(target=fork)
    forker.start()
    forker.join()
    done.set()
    [thread.join() for thread in threads]
    tell(children=told, parent=report(), log=log.texts)
"""


def test_a_fork_in_a_thread_while_others_count_neither_hangs_nor_loses_its_books(program, ledger):
    told = program(THREADS, CODEOPS_LEDGER=ledger).well()

    for child in told["children"]:
        demand_own_books(child, spans={"child": 1, "child/inner": 1})
    assert told["parent"]["counts"]["forks"] == 5
    assert told["parent"]["error"] <= BALANCED
    assert told["log"] == []


POOL = """
    import multiprocessing, os, sys
    from probe import *
    log = Warnings()
    import codeops

    def job(number):
        if sys.argv[1] != "fork":
            codeops.instrument(memory=False)  # a new interpreter
        from forking import worked
        return worked()

    if __name__ == "__main__":
        if sys.argv[1] == "forkserver":
            multiprocessing.set_forkserver_preload(["probe"])
        codeops.instrument(memory=True)
        context = multiprocessing.get_context(sys.argv[1])
        burn(0.1)
        with codeops.span("parent"), context.Pool(1, maxtasksperchild=1) as pool:
            told = pool.map(job, range(2), chunksize=1)
            pool.close()
            pool.join()
        from forking import report
        tell(children=told, parent=report(), log=log.texts)
"""


@pytest.mark.parametrize(("start", "ledger_of_this"), [("fork", "native"), ("fork", "pure"), ("spawn", "native"), ("forkserver", "pure")])
def test_workers_of_multiprocessing_have_books_of_their_own(program, ledger_of_this, start):
    told = program(POOL, start, CODEOPS_LEDGER=ledger_of_this).well()

    for child in told["children"]:
        demand_own_books(child, spans={"child": 1, "child/inner": 1})
    assert told["parent"]["counts"] == {"parent": 1}
    assert told["parent"]["error"] <= BALANCED


GRANDCHILD = """
    import subprocess, sys
    from probe import *
    log = Warnings()
    import codeops
    codeops.instrument(memory=True)
    from forking import *
    def child():
        with codeops.span("runs"):
            subprocess.run([sys.executable, "-c", "sum(range(3_000_000))"], check=True)
        return {**forked(worked), "mine": report()}
    tell(child=forked(child), log=log.texts)
"""


def test_a_child_may_start_processes_and_fork_itself(program, ledger):
    told = program(GRANDCHILD, CODEOPS_LEDGER=ledger).well()

    demand_own_books(told["child"], spans={"child": 1, "child/inner": 1})
    assert told["child"]["mine"]["counts"] == {"runs": 1}
    assert told["child"]["mine"]["negative"] == told["log"] == []


UNINSTRUMENTED = """
    from probe import *
    log = Warnings()
    import codeops
    codeops.instrument(memory=True)
    from forking import *
    codeops.uninstrument()
    def child():
        codeops.instrument(memory=False)
        return worked()
    tell(first=forked(lambda: {"rows": len(codeops.collect())}), second=forked(child), log=log.texts)
"""


def test_a_child_of_a_parent_that_has_stopped_counting_may_begin_itself(program, ledger):
    told = program(UNINSTRUMENTED, CODEOPS_LEDGER=ledger).well()

    assert told["first"] == {"rows": 0}
    demand_own_books(told["second"], spans={"child": 1, "child/inner": 1})
    assert told["log"] == []


SITE = """
    import json, os, sys
    import codeops
    codeops.instrument(memory=True)
    from forking import report
    from probe import burn

    def app(environ, start_response):
        if environ["PATH_INFO"] == "/books":
            burn(0.1)       # in a worker that had nothing to do, a moment would be much
            body = json.dumps({"pid": os.getpid(), **report()}).encode()
        else:
            with codeops.span("work", tenant=environ["PATH_INFO"]):
                codeops.record("charge.card", 1)
                burn(0.01)
            body = b'"done"'
        start_response("200 OK", [("content-length", str(len(body)))])
        return [body]
"""


@pytest.mark.slow
@pytest.mark.parametrize("options", [[], ["--preload"]], ids=["loaded by each worker", "preloaded"])
def test_workers_of_gunicorn_balance_and_count_every_request(served, ledger, options):
    process, ask = served(SITE, "gunicorn", "--workers=2", "--bind=127.0.0.1:0", *options, CODEOPS_LEDGER=ledger)
    for number in range(40):
        assert ask(f"/tenant-{number % 3}") == "done"
    workers = {}
    until = time.monotonic() + 20
    while len(workers) < 2 and time.monotonic() < until:
        told = ask("/books")
        workers[told["pid"]] = told
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=20)

    assert len(workers) == 2
    assert sum(told["counts"].get("work", 0) for told in workers.values()) == 40
    assert sum(sum(told["charges"].values()) for told in workers.values()) == 40
    for told in workers.values():
        assert told["error"] <= BALANCED
        assert told["negative"] == []
    assert process.returncode == 0
    assert "Traceback" not in err

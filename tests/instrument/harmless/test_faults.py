"""A fault of ours, wherever it is, changes nothing for the program, and is told once."""

import json

WITHIN = [  # of what runs while the program does; "module:name"
    "accounting:Accounting.begin",
    "accounting:Accounting.finish",
    "accounting:Accounting.add",
    "accounting:Accounting.label",
    "accounting:Accounting.relabel",
    "accounting:Accounting.rows",
    "accounting:Accounting.report",
    "accounting:Accounting.balance",
    "accounting:Accounting._settle",
    "accounting:Accounting._end",
    "accounting:conclude",
    "accounting:Accounting._put_away",
    "accounting:summed",
    "accounting:read",
    "ingress.asgi:Connection._measure",
    "ingress.asgi:Connection._leave",
    "ingress.asgi:_headers",
    "ingress.asgi:Delivery.add",
    "ingress.wsgi:Request._destination",
    "ingress.wsgi:Request._note_head",
    "ingress.wsgi:Request.add",
    "ingress.wsgi:Request._leave",
    "ingress.wsgi:Request._is_file",
    "ledger.books:Books.settle",
    "libraries._httpx:_note",
    "libraries.http_client:count",
    "libraries.sqlite3:count",
    "memory.meter:Meter.begin",
    "memory.meter:Meter.end",
    "memory.meter:Meter.totals",
    "owner:Tree.label",
    "owner:Tree.key",
    "rates:Rates.of",
    "rates:Rates._look_up",
    "accounting:Accounting._prepare",
    "recorder:_record",
    "spans:Span._owned",
    "spans:Job._checked_units",
    "spans:_take",
    "switches.children:_note",
    "switches.children:_charge",
    "tenant:entered",
    "totals:Sum.add",
    "totals:Totals.sum",
    "tracing.metrics:_sums",
    "tracing.metrics:_Look",
    "tracing.writing:FastWrite.__call__",
    "tracing.writing:FastWrite.read",
    "turns:Turns.__enter__",
]

BEFORE = [  # of what runs when it is put in and taken out
    "accounting:Accounting.__init__",
    "hooks:_add",
    "ledger.books:Books.start",
    "ledger.books:Books.stop",
    "ledger:choose",
    "libraries.httpx:install",
    "libraries.httpx:uninstall",
    "memory:Meter.start",
    "memory:Meter.stop",
    "place:labels",
    "prices:load",
    "switches.asyncio:install",
    "switches.asyncio:uninstall",
    "switches.context:install",
    "switches.context:uninstall",
    "switches.executor:install",
    "tenant:carried",
    "tracing.metrics:install",
    "tracing.metrics:uninstall",
    "tracing.sdk:Spans._hook",
    "tracing.providers:Providers._hook",
    "patch:Hooks.wrap",
    "patch:Hooks.undo",
]

KEEPER = ["enter", "finish", "mark_loop", "set_drop", "settle_all", "start", "stop", "switch_to"]  # of the ledger's own functions
PURE = ["_close_interval", "_collect", "_credit", "_enrol", "_settle", "_switch", "open_accounts"]  # inside of the one in Python

PROGRAM = """
    import importlib, os, sys, json
    from probe import *
    log = Warnings()
    logging.getLogger("opentelemetry").addHandler(others := Warnings.__new__(Warnings))
    logging.Handler.__init__(others)
    others.records = []
    from workload import codeops, work
    from codeops.instrument import guard, running
    from codeops import prices

    class Injected(Exception):
        pass

    hits = []
    def fail(*args, **kwargs):
        hits.append(1)
        raise Injected

    references = {True: work(), False: work(with_children=False)}
    codeops.instrument(sys.argv[2], memory=True, tenant=codeops.Tenant(header="x-tenant", domains=("example.com",)))
    with_us = work()
    assert with_us == references[True], (with_us, references[True])
    codeops.uninstrument()

    told = {}
    for point in json.loads(sys.argv[1]):
        when, _, place = point.partition(" ")
        module, _, path = place.partition(":")
        owner = importlib.import_module(f"codeops.{module}" if module == "prices" else f"codeops.instrument.{module}")
        *steps, name = path.split(".")
        for step in steps:
            owner = getattr(owner, step)
        guard._causes.clear()
        guard.problems.clear()
        log.records.clear()
        hits.clear()
        kept = vars(owner).get(name, fail)
        found = []
        with_children = "children" in point
        def is_as_ever():
            return work(with_children=with_children) == references[with_children]
        try:
            if when == "before":
                setattr(owner, name, fail)
            codeops.instrument(sys.argv[2], memory=True, tenant=codeops.Tenant(header="x-tenant", domains=("example.com",)))
            if when == "within":
                setattr(owner, name, fail)
            guard.strict = "strict" in sys.argv
            found.append(is_as_ever())
            found.append(is_as_ever())
            if when == "before":
                codeops.uninstrument()
        except BaseException as problem:
            found.append(repr(problem))
        finally:
            guard.strict = False
            setattr(owner, name, kept)
            codeops.uninstrument()
        found.append(is_as_ever())
        told[point] = [len(hits), found, [type(problem).__name__ for problem in guard.problems], len(log.records)]
    tell(told=told, others=others.texts)
    os._exit(0)
"""


def harm(program, points, ledger, pricebook):
    """What a fault at each of the points did that it must not: a sentence each."""
    told = program(PROGRAM, json.dumps(points), pricebook, CODEOPS_LEDGER=ledger, timeout_s=120).well()
    done = [f"told by others: {text}" for text in told["others"]] + [f"{point} was not tried" for point in set(points) - set(told["told"])]
    for point, (hits, found, problems, records) in told["told"].items():
        if not hits:
            done.append(f"{point} is not passed: the table is stale")
        if found != [True] * 3:
            done.append(f"{point}: the program's results before, during and after: {found}")
        if problems != ["Injected"] or records != 1:
            done.append(f"{point}: told {records} times, {problems}")
    return done


def test_a_fault_while_the_program_runs_is_told_once_and_changes_nothing(program, ledger, pricebook):
    assert harm(program, [f"within {place}" for place in WITHIN], ledger, pricebook) == []


def test_a_fault_while_putting_in_or_taking_out_is_told_once_and_changes_nothing(program, ledger, pricebook):
    assert harm(program, [f"before {place}" for place in BEFORE], ledger, pricebook) == []


def test_a_fault_of_the_ledger_is_told_once_and_changes_nothing(program, ledger, pricebook):
    module = {"native": "ledger._native", "pure": "ledger.pure"}[ledger]
    names = KEEPER + (PURE if ledger == "pure" else [])

    assert harm(program, [f"before {module}:{name}" for name in names], ledger, pricebook) == []


def test_a_fault_is_raised_where_strictness_is_asked_for(program, ledger, pricebook):
    places = ["accounting:Accounting.add", "recorder:_record", "spans:_take", "libraries.sqlite3:count", "tracing.writing:FastWrite.read"]

    told = program(PROGRAM, json.dumps([f"within {place}" for place in places]), pricebook, "strict", CODEOPS_LEDGER=ledger).well()

    assert {point: found[0] for point, (_, found, _, _) in told["told"].items()} == {f"within {place}": "Injected()" for place in places}


FORKED = """
    import json, os, sys
    from probe import *
    log = Warnings()
    sdk()
    import codeops
    codeops.instrument(memory=True)
    from codeops.instrument import running
    from forking import forked

    def fail(*_, **__):
        raise ZeroDivisionError

    def child():
        with codeops.span("child"):
            codeops.record("charge.card", 1)
        codeops.collect()
        return {"done": 2 * 3, "log": log.texts}

    told = {}
    for name in ("books", "memory", "keeper", "accounting"):
        accounting = running.now().accounting
        owner = accounting if name == "accounting" else getattr(accounting, name)
        kept = vars(owner).get("forked")
        owner.forked = fail
        told[name] = forked(child)
        if kept is None:
            del owner.forked
        else:
            owner.forked = kept
    tell(told=told, log=log.texts)
"""


def test_a_fault_after_a_fork_is_told_once_and_changes_nothing(program, ledger):
    told = program(FORKED, CODEOPS_LEDGER=ledger).well()

    for child in told["told"].values():
        assert child["done"] == 6
        assert len(child["log"]) == 1
        assert "ZeroDivisionError" in child["log"][0]
    assert told["log"] == []


def test_a_fault_of_the_sampler_is_told_once_and_sampling_goes_on(program, ledger):
    told = program(
        """
        import time
        from probe import *
        log = Warnings()
        import codeops
        from codeops.instrument.memory import meter
        kept, hits = meter.Meter._sample, []
        def fail(self):
            hits.append(1)
            if len(hits) <= 3:
                raise ZeroDivisionError
            return kept(self)
        meter.Meter._sample = fail
        made = meter.Sampler.__init__
        meter.Sampler.__init__ = lambda self, act, interval_s, *rest: made(self, act, 0.02, *rest)
        codeops.instrument()
        with codeops.span("root"):
            while len(hits) < 6:
                time.sleep(0.01)
        held = amounts("compute.memory")
        tell(log=log.texts, held=held["root"])
        """,
        CODEOPS_LEDGER=ledger,
    ).well()

    assert len(told["log"]) == 1
    assert told["held"] >= 0


def test_a_log_handler_that_fails_or_counts_itself_is_no_way_for_a_fault_into_the_program(program, ledger):
    told = program(
        """
        import logging
        from probe import *
        import codeops
        codeops.instrument(memory=False)
        handled = []
        class Failing(logging.Handler):
            def emit(self, record):
                handled.append(record.getMessage())
                codeops.record("Not A Meter", 1)
                with codeops.span("within the handler", unknown="label"):
                    raise OSError("disk is full")
        logger = logging.getLogger("codeops")
        logger.addHandler(Failing())
        logger.propagate = False
        with codeops.span("root"):
            for _ in range(3):
                codeops.record("charge.card", -1)
        tell(handled=len(handled), counts=counts())
        """,
        CODEOPS_LEDGER=ledger,
    ).well()

    assert told == {"handled": 3, "counts": {"root": 1, "within the handler": 3}}


def test_a_fault_keeps_nothing_of_the_programs_alive(program, ledger):
    told = program(
        """
        import gc, logging, weakref
        from probe import *
        logging.getLogger("codeops").addHandler(logging.NullHandler())
        logging.getLogger("codeops").propagate = False
        import codeops
        codeops.instrument(memory=False)
        from codeops.instrument import guard, recorder
        def fail(*_):
            raise ZeroDivisionError
        recorder._record = fail
        class Big:
            pass
        def request():
            big = Big()
            kept = weakref.ref(big)
            try:
                raise ValueError("of the program")
            except ValueError as problem:
                codeops.record("charge.card", 1)
                assert problem.__traceback__ is not None
            return kept
        kept = request()
        gc.collect()
        tell(is_freed=kept() is None, faults=[type(problem).__name__ for problem in guard.problems])
        """,
        CODEOPS_LEDGER=ledger,
    ).well()

    assert told == {"is_freed": True, "faults": ["ZeroDivisionError"]}


def test_faults_beyond_number_are_told_only_so_often(program, ledger):
    told = program(
        """
        from probe import *
        log = Warnings()
        import codeops
        codeops.instrument(memory=False)
        for number in range(2000):
            with codeops.span("root", **{f"label{number}": "x"}):
                pass
        from codeops.instrument import guard
        tell(told=len(log.records), kept=len(guard.problems), counts=counts())
        """,
        CODEOPS_LEDGER=ledger,
    ).well()

    assert told == {"told": 100, "kept": 100, "counts": {"root": 2000}}


def test_taking_out_loads_no_library_and_a_thread_is_freed_when_it_ends(program, ledger):
    told = program(
        """
        import gc, sys, threading, weakref
        from probe import *
        log = Warnings()
        import codeops
        codeops.instrument(memory=True)
        gc.disable()
        class Worker(threading.Thread):
            def run(self):
                self.done = True
        worker = Worker()
        worker.start()
        worker.join()
        kept, done = weakref.ref(worker), worker.done
        del worker
        before = set(sys.modules)
        codeops.uninstrument()
        tell(done=done, is_freed=kept() is None, loaded=sorted(set(sys.modules) - before), log=log.texts)
        """,
        CODEOPS_LEDGER=ledger,
    ).well()

    assert told == {"done": True, "is_freed": True, "loaded": [], "log": []}

"""With tools that patch the same functions, whoever comes first: both work, and whoever leaves takes nothing of the other's away."""

import sys

import pytest

TRACERS = """
    import asyncio, os, sys
    from probe import *
    log = Warnings()
    tool, order = sys.argv[1:]
    seen = []

    def put_in_tool():
        if tool == "ddtrace":
            import ddtrace
            from ddtrace.trace import TraceFilter, tracer
            class Keep(TraceFilter):
                def process_trace(self, trace):
                    seen.extend(span.name for span in trace)
                    return None
            tracer.configure(trace_processors=[Keep()])
            ddtrace.patch(asyncio=True, futures=True, httpx=True, requests=True, sqlite3=True)
        else:
            import sentry_sdk
            from sentry_sdk.transport import Transport
            from sentry_sdk.integrations.asyncio import AsyncioIntegration
            class Keep(Transport):
                def capture_envelope(self, envelope):
                    for item in envelope.items:
                        event = item.payload.json or {}
                        seen.extend(span["op"] for span in event.get("spans", ()))
            sentry_sdk.init("http://key@127.0.0.1:9/1", transport=Keep, traces_sample_rate=1.0, integrations=[AsyncioIntegration()])

    import codeops
    put_in_tool() if order == "the other first" else codeops.instrument(memory=False)
    import httpx, requests, sqlite3
    from concurrent.futures import ThreadPoolExecutor
    from served import serve
    codeops.instrument(memory=False) if order == "the other first" else put_in_tool()
    url = f"http://{serve()}/page"
    client, session = httpx.Client(), requests.Session()

    async def step(number):
        with codeops.span("step"):
            await asyncio.sleep(0)
            burn(0.004)
            await asyncio.sleep(0)
            return number

    async def steps():
        return await asyncio.gather(*(asyncio.create_task(step(number)) for number in range(4)))

    def work():
        with codeops.span("root"):
            found = [client.get(url).text, session.get(url).text, sqlite3.connect(":memory:").execute("select 1").fetchall()]
            with ThreadPoolExecutor(1) as pool:
                found.append(pool.submit(lambda: burn(0.02) or "worked").result())
            return [*found, asyncio.run(steps())]

    def traced():
        seen.clear()
        if tool == "ddtrace":
            found = work()
        else:
            import sentry_sdk
            with sentry_sdk.start_transaction(name="request"):
                found = work()
        return [found, len(seen)]

    told = {"with both": traced(), "counts": counts(), "calls": amounts("http.call"), "queries": amounts("db.query"), "cpu": amounts(),
            "books": books()}
    codeops.uninstrument()
    told["without us"] = traced()
    codeops.instrument(memory=False)
    told["with us again"] = traced()
    told["counts again"], told["calls again"], told["queries again"] = counts(), amounts("http.call"), amounts("db.query")
    if tool == "ddtrace":
        import ddtrace._monkey
        for name in ("asyncio", "futures", "httpx", "requests", "sqlite3"):
            __import__(f"ddtrace.contrib.internal.{name}.patch", fromlist=["unpatch"]).unpatch()
        told["without the other"] = traced()
        told["calls without the other"], told["queries without the other"] = amounts("http.call"), amounts("db.query")
    tell(**told, log=log.texts)
    sys.stdout.flush()
    os._exit(0)      # nothing is to be sent at the end
"""


@pytest.mark.parametrize(("order", "ledger_of_this"), [("the other first", "native"), ("we first", "pure")])
@pytest.mark.parametrize("tool", ["ddtrace", "sentry"])
def test_another_tracer_and_we_see_the_same_work(program, tool, order, ledger_of_this):
    told = program(
        TRACERS,
        tool,
        order,
        CODEOPS_LEDGER=ledger_of_this,
        DD_INSTRUMENTATION_TELEMETRY_ENABLED="false",
        DD_REMOTE_CONFIGURATION_ENABLED="false",
        DD_TRACE_STARTUP_LOGS="false",
    ).told

    done = ["/page", "/page", [[1]], "worked", [0, 1, 2, 3]]
    assert told["with both"][0] == told["without us"][0] == told["with us again"][0] == done
    assert told["with both"][1] == told["without us"][1] == told["with us again"][1] >= 2, "what the other one sees"
    assert told["counts"] == told["counts again"] == {"root": 1, "step": 4}
    assert told["calls"] == told["calls again"] == {"root": 2}
    assert told["queries"] == told["queries again"] == {"root": 1}
    assert told["cpu"]["step"] == pytest.approx(0.016, rel=0.4)
    assert told["cpu"]["root"] >= 0.02
    assert told["books"]["error"] <= 0.005
    assert told["books"]["negative"] == told["log"] == []
    if tool == "ddtrace":
        assert told["without the other"][0] == done
        assert told["calls without the other"] == {"root": 4}
        # ddtrace puts back the `sqlite3.connect` that it found: with it goes what was put on top meanwhile.
        assert told["queries without the other"] == {"root": 2 if order == "we first" else 1}


def test_under_the_command_of_ddtrace_a_program_does_the_same(program, ledger):
    text = """
        from probe import *
        log = Warnings()
        import codeops
        codeops.instrument(memory=True)
        import asyncio, sqlite3
        async def main():
            with codeops.span("main"):
                await asyncio.sleep(0)
                return sqlite3.connect(":memory:").execute("select 1").fetchall()
        tell(found=asyncio.run(main()), queries=amounts("db.query"), counts=counts(), log=log.texts)
    """

    ended = program(
        text,
        python=[sys.executable, "-m", "ddtrace.commands.ddtrace_run", sys.executable],
        CODEOPS_LEDGER=ledger,
        DD_TRACE_ENABLED="false",
        DD_INSTRUMENTATION_TELEMETRY_ENABLED="false",
        DD_REMOTE_CONFIGURATION_ENABLED="false",
    )

    assert ended.code == 0
    assert ended.told == {"found": [[1]], "queries": {"main": 1}, "counts": {"main": 1}, "log": []}


GEVENT = """
    import sys
    from probe import *
    log = Warnings()
    import codeops
    if sys.argv[1] == "before":
        from gevent import monkey
        monkey.patch_all()
        codeops.instrument(memory=True)
    else:
        codeops.instrument(memory=True)
        from gevent import monkey
        monkey.patch_all()
    import gevent, queue, socket, subprocess, threading, time
    from opentelemetry import trace

    def serve(number):
        with codeops.span(f"request{number}", tenant=f"tenant{number}"):
            for _ in range(3):
                burn(0.004 * number)
                gevent.sleep(0)
                with codeops.span("child"):
                    burn(0.002)
                    time.sleep(0.001)
            codeops.record("charge.card", number)
        return number

    def in_thread():
        with codeops.span("thread"):
            time.sleep(0.001)
            burn(0.01)
            done.put("thread")

    def work():
        jobs = [gevent.spawn(serve, number) for number in range(1, 4)]
        found = [job.get() for job in jobs]
        thread = threading.Thread(target=in_thread)
        thread.start()
        found.append(done.get())
        thread.join()
        found.append(subprocess.run([sys.executable, "-c", "print('child')"], capture_output=True, text=True).stdout)
        return found

    done = queue.Queue()
    told = {"found": work(), "counts": counts(), "cpu": amounts(), "charges": amounts("charge.card"), "books": books()}
    codeops.uninstrument()
    told["without us"] = work()
    codeops.instrument(memory=True)
    told["again"], told["counts again"], told["books again"] = work(), counts(), books()
    tell(**told, is_patched=socket.socket.__module__, log=log.texts)
"""


@pytest.mark.parametrize("order", ["before", "after"])
def test_greenlets_of_gevent_are_told_apart_whenever_it_patches(program, ledger, order):
    told = program(GEVENT, order, CODEOPS_LEDGER=ledger).well()

    done = [1, 2, 3, "thread", "child\n"]
    assert told["found"] == told["without us"] == told["again"] == done
    assert told["counts"] == told["counts again"] == {"request1": 1, "request2": 1, "request3": 1, "child": 9, "thread": 1}
    assert told["charges"] == {f"request{number}": number for number in (1, 2, 3)}
    for number in (1, 2, 3):
        assert told["cpu"][f"request{number}"] == pytest.approx(0.012 * number, rel=0.3, abs=0.004)
    assert told["cpu"]["child"] == pytest.approx(0.018, rel=0.3, abs=0.004)
    assert told["books"]["error"] <= 0.005
    assert told["books again"]["error"] <= 0.005
    assert told["books"]["negative"] == told["log"] == []
    assert told["is_patched"].startswith("gevent")


UVLOOP = """
    import asyncio, sys
    from probe import *
    log = Warnings()
    import codeops
    if sys.argv[1] == "before":
        import uvloop
        codeops.instrument(memory=False)
    else:
        codeops.instrument(memory=False)
        import uvloop

    async def serve(number):
        with codeops.span(f"request{number}"):
            for _ in range(3):
                burn(0.004 * number)
                await asyncio.sleep(0)
            await asyncio.to_thread(burn, 0.004)
        return number

    async def main():
        return type(asyncio.get_running_loop()).__module__, await asyncio.gather(*(asyncio.create_task(serve(number)) for number in (1, 2, 3)))

    def work():
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(main())

    told = {"found": work(), "counts": counts(), "cpu": amounts(), "books": books()}
    codeops.uninstrument()
    told["without us"] = work()
    tell(**told, log=log.texts)
"""


@pytest.mark.parametrize("order", ["before", "after"])
def test_tasks_on_uvloop_are_told_apart_whenever_it_is_imported(program, ledger, order):
    told = program(UVLOOP, order, CODEOPS_LEDGER=ledger).well()

    assert told["found"] == told["without us"] == ["uvloop", [1, 2, 3]]
    assert told["counts"] == {"request1": 1, "request2": 1, "request3": 1}
    for number in (1, 2, 3):
        assert told["cpu"][f"request{number}"] == pytest.approx(0.012 * number + 0.004, rel=0.3, abs=0.004)
    assert told["books"]["error"] <= 0.005
    assert told["log"] == []


FINDERS = """
    import sys, zipfile
    from importlib.machinery import ModuleSpec
    from probe import *
    log = Warnings()
    import codeops
    from codeops.instrument import imports
    folder = sys.argv[1]

    class Asking:
        \"\"\"Finds what the others find, as the finders of tracers and of lazy loaders do.\"\"\"
        def find_spec(self, name, path, target=None):
            for finder in sys.meta_path:
                if finder is not self and hasattr(finder, "find_spec"):
                    spec = finder.find_spec(name, path, target)
                    if spec is not None:
                        return spec

    with zipfile.ZipFile(f"{folder}/library.zip", "w") as archive:
        archive.writestr("packed.py", "import beside\\nready = beside.ready")
        archive.writestr("beside.py", "ready = 1")
        archive.writestr("broken.py", "1 / 0")
    sys.path.insert(0, f"{folder}/library.zip")
    acted = []
    codeops.instrument(memory=False)
    imports.when_imported("packed", lambda: acted.append(sys.modules["packed"].ready))
    imports.when_imported("broken", lambda: acted.append("broken"))
    imports.when_imported("xxlimited", lambda: acted.append("xxlimited"))
    imports.when_imported("__hello__", lambda: acted.append("__hello__"))
    sys.meta_path.insert(0, Asking())
    sys.meta_path.append(Asking())
    told = {"failed": 0}
    for _ in range(3):
        try:
            import broken
        except ZeroDivisionError:
            told["failed"] += 1
    import packed
    import __hello__
    import __phello__          # of the same loader, which is a class
    tell(**told, acted=acted, ready=packed.ready, log=log.texts)
"""


def test_finders_that_ask_each_other_and_loaders_that_are_shared_still_find_and_load(program, tmp_path):
    told = program(FINDERS, str(tmp_path)).well()

    assert told["failed"] == 3
    assert told["acted"] == [1, "__hello__"]
    assert (told["ready"], told["log"]) == (1, [])


PATCHES = """
    import asyncio, functools, gc, os, sys, threading
    from concurrent.futures import ThreadPoolExecutor
    from probe import *
    log = Warnings()
    import codeops
    from opentelemetry import context
    first, leaves = sys.argv[1:]
    calls = []

    def patch(owner, name):
        original = getattr(owner, name)
        @functools.wraps(original)
        def theirs(*args, **kwargs):
            calls.append(name)
            return original(*args, **kwargs)
        setattr(owner, name, theirs)
        return owner, name, original, theirs

    class Runtime:
        def __init__(self, inner):
            self.inner = inner
        def attach(self, given):
            calls.append("attach")
            return self.inner.attach(given)
        def __getattr__(self, name):
            return getattr(self.inner, name)

    def put_in_theirs():
        made = [patch(asyncio.BaseEventLoop, "create_task"), patch(ThreadPoolExecutor, "submit"), patch(threading.Thread, "start"),
                patch(os, "waitpid"), patch(os, "fork"), patch(asyncio.BaseEventLoop, "run_forever")]
        gc.callbacks.insert(0, their_callback)
        context._RUNTIME_CONTEXT = Runtime(context._RUNTIME_CONTEXT)
        return made

    def take_out_theirs(made):
        gc.callbacks.remove(their_callback)
        for owner, name, original, theirs in made:
            if vars(owner)[name] is theirs:
                setattr(owner, name, original)

    def their_callback(phase, _info):
        if phase == "start":
            calls.append("gc")

    def factory(loop, coro, **options):
        calls.append("factory")
        return asyncio.Task(coro, loop=loop, **options)

    async def step(number):
        with codeops.span("step"):
            await asyncio.sleep(0)
            burn(0.005)
            await asyncio.sleep(0)
        return number

    async def steps():
        asyncio.get_running_loop().set_task_factory(factory)
        return await asyncio.gather(*(asyncio.create_task(step(number)) for number in range(3)))

    def work():
        calls.clear()
        with codeops.span("root"):
            found = asyncio.run(steps())
            with ThreadPoolExecutor(1) as pool:
                found.append(pool.submit(lambda: burn(0.01) or "worked").result())
            pid = os.fork()
            if pid == 0:
                os._exit(3)
            found.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
            gc.collect()
        return [found, {name: calls.count(name) for name in sorted(set(calls))}]

    if first == "theirs":
        made = put_in_theirs()
        codeops.instrument(memory=False)
    else:
        codeops.instrument(memory=False)
        made = put_in_theirs()
    told = {"both": work(), "counts": counts(), "cpu": amounts(), "books": books()}
    if leaves == "ours":
        codeops.uninstrument()
        told["left"] = work()
        codeops.instrument(memory=False)
        told["again"], told["counts again"], told["books again"] = work(), counts(), books()
        codeops.uninstrument()
    else:
        take_out_theirs(made)
        told["left"] = work()
        told["counts after"] = counts()
        codeops.uninstrument()
    told["last"] = work()
    tell(**told, log=log.texts)
"""


@pytest.mark.parametrize("leaves", ["ours", "theirs"])
@pytest.mark.parametrize(("first", "ledger_of_this"), [("ours", "native"), ("theirs", "pure")])
def test_patches_of_the_programs_own_work_before_and_after_ours_come_and_go(program, ledger_of_this, first, leaves):
    told = program(PATCHES, first, leaves, CODEOPS_LEDGER=ledger_of_this).well()

    done = [0, 1, 2, "worked", 3]
    found, calls = told["both"]
    assert found == done
    assert {name: calls[name] for name in ("create_task", "submit", "waitpid", "fork", "factory")} == {
        "create_task": 6,
        "submit": 1,
        "waitpid": 1,
        "fork": 1,
        "factory": 5,
    }
    assert calls["attach"] == 4
    assert calls["gc"] >= 1
    assert told["counts"] == {"root": 1, "step": 3}
    assert told["cpu"]["step"] == pytest.approx(0.015, rel=0.3, abs=0.004)
    assert told["books"]["error"] <= 0.005
    assert told["left"][0] == told["last"][0] == done
    if leaves == "ours":
        assert told["left"][1] | {"gc": 0} == told["again"][1] | {"gc": 0} == calls | {"gc": 0}, "theirs is called as often as before"
        assert told["counts again"] == {"root": 1, "step": 3}
        assert told["books again"]["error"] <= 0.005
    else:
        assert told["counts after"] == {"root": 2, "step": 6}
        assert set(told["last"][1]) <= {"factory", "attach", *(calls if first == "theirs" else ())}
    assert told["log"] == []

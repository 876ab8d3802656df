from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from codeops.bench import Progress, measure
from codeops.core.errors import EmptySuite, FailedCall, InvalidValue, UnexpectedStatus, UnimportableTarget, WorkerDied
from codeops.core.suite import FunctionCase, Plan, RequestCase

ASGI = """
    import sqlite3
    from contextlib import asynccontextmanager
    from fastapi import FastAPI, Request
    from fastapi.responses import StreamingResponse

    @asynccontextmanager
    async def lifespan(app):
        yield {"started": True}
        open("stopped", "w").close()

    app = FastAPI(lifespan=lifespan)
    db = sqlite3.connect(":memory:", check_same_thread=False)

    @app.get("/v1/report")
    def report(n: int, request: Request):
        print("the user prints", {"error": {}})
        assert request.state.started
        for _ in range(n):
            db.execute("select 1")
        return {"rows": n}

    @app.get("/stream")
    async def stream():
        async def parts():
            for _ in range(3):
                yield b"0123456789"
        return StreamingResponse(parts())

    @app.post("/echo")
    async def echo(request: Request):
        return {"got": (await request.body()).decode(), "header": request.headers["x-y"]}

    @app.get("/boom")
    def boom():
        raise RuntimeError("the database is down")
"""

WSGI = """
    closed = []

    class Body:
        def __init__(self, text): self.text = text
        def __iter__(self): return iter([self.text, b"tail"])
        def close(self): closed.append(1)

    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain"), ("X-A", "1")])
        text = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']} {environ['QUERY_STRING']} {environ['HTTP_X_Y']} {len(closed)}"
        return Body((text + environ["wsgi.input"].read().decode()).encode())

    def make():
        return app
"""


def usage(route, meter):
    return next(line for line in route.usage if line.meter == meter)


def function(text: str, project, name: str = "job", plan: Plan | None = None):
    suite = project({"jobs": text}, functions=(FunctionCase(route="/job", call=f"jobs:{name}"),))
    return replace(suite, plan=plan) if plan else suite


def test_a_route_of_an_asgi_application(project, tmp_path, capfd):
    suite = project({"service": ASGI}, requests=(RequestCase(route="/v1/report", path="/v1/report?n=4", app="service:app"),))

    route = measure(suite)["/v1/report"]

    queries = usage(route, "db.query")
    assert (queries.mean, queries.exact, queries.samples) == (4, True, 3)
    site = queries.sites[0]
    assert (site.file, site.function, site.code, site.amount) == ("service.py", "report", 'db.execute("select 1")', 4)
    assert route.cpu_s > 0
    assert route.egress_bytes == len('{"rows":4}') + len("HTTP/1.1 200 OK\r\ncontent-length: 10\r\ncontent-type: application/json\r\n\r\n")
    assert route.s3_gets == 0
    sent = usage(route, "network.egress").sites[0]
    assert (sent.file, sent.function, sent.amount) == ("service.py", "report", route.egress_bytes)
    assert (tmp_path / "stopped").exists()
    assert capfd.readouterr() == ("", "")


def test_a_factory_is_called_whether_or_not_it_could_take_arguments(project):
    factories = WSGI + "\n    def create_app(settings=None):\n        return app\n"
    cases = [
        RequestCase(route=name, path="/", app=f"service:{name}", headers=(("X-Y", "z"),)) for name in ("make", "make()", "create_app()")
    ]

    assert all(route.egress_bytes for route in measure(project({"service": factories}, requests=tuple(cases))).values())


def test_streams_bodies_and_headers_go_through(project):
    echo = RequestCase(route="echo", path="/echo", method="post", app="service:app", headers=(("X-Y", "z"),), body=b"hi")
    stream = RequestCase(route="stream", path="/stream", app="service:app")

    routes = measure(project({"service": ASGI}, requests=(echo, stream)))

    assert list(routes) == ["echo", "stream"]
    assert routes["stream"].egress_bytes == 30 + len("HTTP/1.1 200 OK\r\n\r\n")
    assert routes["echo"].egress_bytes > 0


@pytest.mark.parametrize("app", ["web:app", "web:make"])
def test_a_route_of_a_wsgi_application(project, app):
    case = RequestCase(route="r", path="/a%20b?c=d", method="PUT", app=app, headers=(("X-Y", "z"),), body=b"body")

    route = measure(project({"web": WSGI}, requests=(case,)))["r"]

    sizes = len("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-A: 1\r\n\r\n") + len("PUT /a b c=d z 1bodytail")
    assert usage(route, "network.egress").mean == sizes  # the digit is how often close was called: once a request


def test_functions_are_called_with_the_number_if_they_take_one(project):
    text = """
        import asyncio
        seen = []

        def numbered(number, again=2):
            seen.append(number)
            open("seen", "w").write(repr(seen))

        async def plain():
            await asyncio.sleep(0)

        class Jobs:
            @staticmethod
            async def inner(*numbers):
                assert numbers
    """
    cases = tuple(FunctionCase(route=name, call=f"jobs:{name}") for name in ("numbered", "plain", "Jobs.inner"))
    suite = project({"jobs": text}, functions=cases)

    routes = measure(suite)

    assert list(routes) == ["numbered", "plain", "Jobs.inner"]
    assert Path(suite.root, "seen").read_text(encoding="utf-8") == "[0, 1, 2, 3]"


def test_a_job_keeps_its_kind_and_units(project):
    suite = project({"jobs": "def job(): pass"}, functions=(FunctionCase(route="j", call="jobs:job", kind="job", unit="GB", units="2.5"),))

    route = measure(suite)["j"]

    assert (route.kind, route.unit, route.units, route.samples) == ("job", "GB", Decimal("2.5"), 3)


def test_counts_that_differ_between_requests_are_not_exact(project):
    text = """
        import sqlite3
        db = sqlite3.connect(":memory:")
        def job(number):
            for _ in range(number):
                db.execute("select 1")
    """

    queries = usage(measure(function(text, project))["/job"], "db.query")

    assert (queries.mean, queries.sd, queries.exact) == (2, 1, False)


def test_waiting_is_no_cpu_and_work_is(project):
    text = "import time\ndef job(): time.sleep(0.05)\ndef busy():\n    until = time.process_time() + 0.05\n    while time.process_time() < until: pass\n"
    suite = project({"jobs": text}, functions=(FunctionCase(route="idle", call="jobs:job"), FunctionCase(route="busy", call="jobs:busy")))

    routes = measure(suite)

    assert routes["idle"].cpu_s < Decimal("0.025") < routes["busy"].cpu_s


def test_memory_is_what_is_held_above_the_idle_worker(project):
    text = """
        import time
        base = bytearray(80 * 2**20)
        def job():
            more = bytearray(64 * 2**20)
            time.sleep(0.02)
            del more
        def small():
            time.sleep(0.02)
    """
    suite = project({"jobs": text}, functions=(FunctionCase(route="big", call="jobs:job"), FunctionCase(route="small", call="jobs:small")))

    routes = measure(suite)

    big, small = usage(routes["big"], "compute.memory"), usage(routes["small"], "compute.memory")
    assert big.allocated
    assert not big.exact
    assert big.mean >= Decimal(64) / 1024 * Decimal("0.02")
    assert small.mean < Decimal(40) / 1024 * Decimal("0.02") * 3


@pytest.mark.parametrize(
    "setup",
    [
        "@contextmanager\ndef setup():\n    begin()\n    yield\n    end()\n",
        "def setup():\n    begin()\n    yield\n    end()\n",
        "class Setup:\n    def __enter__(self): begin()\n    def __exit__(self, *_): end()\nsetup = Setup()\n",
        "class setup:\n    def __enter__(self): begin()\n    def __exit__(self, *_): end()\n",
    ],
    ids=["context manager", "generator", "object", "class"],
)
def test_setup_stands_around_everything(project, tmp_path, setup):
    lead = "import os\nfrom contextlib import contextmanager\ndef begin(): os.environ['BEGUN'] = 'yes'\ndef end(): open('ended', 'w').close()\n"
    jobs = "import os\nassert os.environ['BEGUN'] == 'yes' and os.environ['GIVEN'] == '1'\ndef job(): pass\n"
    suite = project(
        {"parts/around": lead + setup, "jobs": jobs},
        setup="around:setup",
        env={"GIVEN": "1"},
        python_path=("parts",),
        functions=(FunctionCase(route="j", call="jobs:job"),),
    )

    measure(suite)

    assert (tmp_path / "ended").exists()


def test_a_plain_function_is_a_setup_without_an_end(project):
    files = {"around": "import os\ndef setup(): os.environ['BEGUN'] = 'yes'\n", "jobs": "import os\nos.environ['BEGUN']\ndef job(): pass\n"}

    assert measure(project(files, setup="around:setup", functions=(FunctionCase(route="j", call="jobs:job"),)))


def test_progress_goes_from_nothing_to_all(project):
    seen: list[Progress] = []
    cases = (FunctionCase(route="a", call="jobs:job"), FunctionCase(route="b", call="jobs:job"))

    measure(project({"jobs": "def job(): pass"}, functions=cases), on_progress=seen.append)

    assert [progress.done for progress in seen] == sorted(progress.done for progress in seen)
    assert (seen[0], seen[-1]) == (Progress("", 0, 2), Progress("b", 2.0, 2))


FAILURES = [
    ("unexpected status", UnexpectedStatus, "GET /nowhere answered 404, expected 200", "Not Found", None, {"path": "/nowhere"}),
    (
        "an application that raises",
        FailedCall,
        "GET /boom raised RuntimeError",
        "the database is down",
        ("service.py", 36),
        {"path": "/boom"},
    ),
    ("no such module", UnimportableTarget, "nowhere:app cannot be imported", "no module nowhere", None, {"app": "nowhere:app"}),
    ("no such name", UnimportableTarget, "service:nobody does not exist", "has no nobody", None, {"app": "service:nobody"}),
    ("no application", UnimportableTarget, "service:__name__ is not an application", "a str", None, {"app": "service:__name__"}),
    (
        "a module that fails",
        UnimportableTarget,
        "broken:app cannot be imported",
        "ZeroDivisionError",
        ("broken.py", 2),
        {"app": "broken:app"},
    ),
    ("a missing dependency", UnimportableTarget, "needy:app cannot be imported", "No module named", ("needy.py", 1), {"app": "needy:app"}),
    ("a lifespan that fails", FailedCall, "refusing:app could not start", "no database", None, {"app": "refusing:app"}),
]


@pytest.mark.parametrize(("claim", "kind", "title", "why", "place", "request_"), FAILURES, ids=[failure[0] for failure in FAILURES])
def test_what_keeps_a_route_from_being_measured_is_told(project, claim, kind, title, why, place, request_):
    refusing = """
        from contextlib import asynccontextmanager
        from starlette.applications import Starlette
        @asynccontextmanager
        async def lifespan(app):
            raise OSError("no database")
            yield
        app = Starlette(lifespan=lifespan)
    """
    files = {"service": ASGI, "broken": "app = 1\n1 / 0\n", "needy": "import codeops_nowhere\n", "refusing": refusing}
    case = RequestCase(**{"route": "r", "path": "/", "app": "service:app", **request_})

    with pytest.raises(kind) as caught:
        measure(project(files, requests=(case,)))

    problem = caught.value
    assert problem.title == title
    assert why in problem.why
    assert problem.fix
    assert (problem.location and (problem.location.path, problem.location.line)) == place


def test_a_status_that_is_expected_is_measured_also_if_the_framework_raises(project):
    case = RequestCase(route="r", path="/boom", app="service:app", expect_status=500)

    assert measure(project({"service": ASGI}, requests=(case,)))["r"].egress_bytes > 0


def test_a_function_that_raises_is_told_with_its_line(project):
    with pytest.raises(FailedCall, match="jobs:job raised KeyError") as caught:
        measure(function("def job():\n    {}['missing']\n", project))

    assert str(caught.value.location) == "jobs.py:2"


def test_a_setup_that_raises_is_told_with_its_line(project):
    files = {"around": "def setup():\n    raise OSError('port in use')\n", "jobs": "def job(): pass"}

    with pytest.raises(FailedCall, match="setup around:setup raised OSError") as caught:
        measure(project(files, setup="around:setup", functions=(FunctionCase(route="j", call="jobs:job"),)))

    assert (caught.value.why, str(caught.value.location)) == ("port in use", "around.py:2")


def test_a_record_that_cannot_be_counted_fails_the_measurement_instead_of_counting_too_little(project):
    text = "from codeops import instrument\ndef job():\n    instrument.record('Stripe', 1)\n"

    with pytest.raises(InvalidValue, match="'Stripe' is not a meter's name") as caught:
        measure(function(text, project))

    assert str(caught.value.location) == "jobs.py:3"


DEATHS = [
    ("exit", "import os\ndef job():\n    print('last words', flush=True)\n    os._exit(7)\n", "exit status 7"),
    ("a signal", "import os\ndef job():\n    os.write(2, b'last words')\n    os.kill(os.getpid(), 9)\n", "killed by SIGKILL"),
]


@pytest.mark.parametrize(("claim", "text", "how"), DEATHS, ids=[death[0] for death in DEATHS])
def test_a_worker_that_dies_is_told_with_its_last_lines(project, claim, text, how):
    with pytest.raises(WorkerDied) as caught:
        measure(function(text, project))

    assert how in caught.value.why
    assert "last words" in caught.value.why


def test_a_worker_that_takes_too_long_is_ended(project):
    text = "import time\ndef job():\n    time.sleep(60)\n"

    with pytest.raises(WorkerDied, match=r"no answer within 0\.3 s"):
        measure(function(text, project, plan=Plan(timeout_s=0.3)))


def test_whatever_the_user_prints_disturbs_nothing(project):
    text = "import sys, os\ndef job():\n    os.write(1, b'{\"result\": null}\\n\\xff\\x00' * 5000)\n    sys.stderr.write('x' * 100000)\n"

    assert measure(function(text, project))["/job"].samples == 3


def test_a_route_measured_twice_is_refused(project):
    case = FunctionCase(route="a", call="jobs:job")

    with pytest.raises(InvalidValue, match="a is measured twice"):
        measure(project({"jobs": "def job(): pass"}, functions=(case, case)))


def test_a_folder_that_does_not_exist_is_told(project):
    suite = replace(project({}, functions=(FunctionCase(route="a", call="jobs:job"),)), root="/nowhere")

    with pytest.raises(WorkerDied, match="the worker cannot be started"):
        measure(suite)


PYTEST_ALONE = {"pytest": ("-q", "-p", "codeops.bench.in_pytest.plugin", "test_costs.py"), "env": {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}}
PYTEST = """
    import sqlite3
    import pytest
    db = sqlite3.connect(":memory:")

    @pytest.mark.cost(route="/v1/report")
    def test_report(cost):
        assert cost(lambda: db.execute("select 1").fetchone()) == (1,)
"""


def test_benchmarks_in_pytest_join_the_other_routes(project):
    suite = project(
        {"test_costs": PYTEST, "jobs": "def job(): pass"},
        functions=(FunctionCase(route="j", call="jobs:job"),),
        **PYTEST_ALONE,
    )

    routes = measure(suite)

    assert list(routes) == ["j", "/v1/report"]
    assert usage(routes["/v1/report"], "db.query").sites[0].line == 8
    assert routes["/v1/report"].samples == 3


@pytest.mark.parametrize(
    ("text", "kind", "why"),
    [("def test_no(): assert False, 'it is broken'", FailedCall, "it is broken"), ("", EmptySuite, "test_costs.py")],
    ids=["failing", "empty"],
)
def test_pytest_that_does_not_pass_is_told(project, text, kind, why):
    with pytest.raises(kind) as caught:
        measure(project({"test_costs": text}, **PYTEST_ALONE))

    assert why in caught.value.why

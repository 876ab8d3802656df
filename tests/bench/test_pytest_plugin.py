import json
import os
import subprocess
import sys

import pytest

COSTS = """
    import asyncio, sqlite3, pytest

    @pytest.fixture
    def db():
        made = sqlite3.connect(":memory:")
        yield made
        made.close()

    calls = []

    @pytest.mark.cost(route="/v1/report")
    def test_report(cost, db):
        def report(number, *, name):
            calls.append(number)
            db.execute("select 1")
            return number, name
        assert cost(report, 7, name="n") == (7, "n")

    @pytest.mark.cost(job="nightly", unit="GB", units=2.5)
    def test_job(cost):
        async def job():
            await asyncio.sleep(0)
            return "done"
        assert cost(job) == "done"

    def test_unnamed(cost):
        cost(int)

    def test_how_often():
        print("CALLS", len(calls))
"""


@pytest.fixture
def run(tmp_path):
    def call(text: str, *arguments: str, plugins: str = "own") -> subprocess.CompletedProcess:
        from textwrap import dedent

        (tmp_path / "test_costs.py").write_text(dedent(text))
        # Loading every installed plug-in takes longer than the test; "all" finds ours by its entry point, as users do.
        own = [] if plugins == "all" else ["-p", "codeops.bench.in_pytest.plugin"]
        env = os.environ if plugins == "all" else {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *own, "test_costs.py", *arguments]
        return subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)

    return call


def test_a_plain_run_prints_a_table_and_a_snapshot_is_written_on_request(run, tmp_path):
    done = run(COSTS, "--cost-out", "out/snapshot.json", "--strict-markers", plugins="all")

    assert done.returncode == 0, done.stdout
    table = done.stdout[done.stdout.index("cost of one request") :].splitlines()
    assert table[1].split() == ["route", "CPU", "calls", "samples"]
    row = next(line for line in table if line.startswith("/v1/report"))
    assert "1 db.query" in row
    written = json.loads((tmp_path / "out" / "snapshot.json").read_text())
    assert list(written["routes"]) == ["/v1/report", "nightly", "test_costs.py::test_unnamed"]
    query = next(line for line in written["routes"]["/v1/report"]["usage"] if line["meter"] == "db.query")
    assert query["sites"][0] | {"line": 0} == {
        "file": "test_costs.py",
        "line": 0,
        "amount": 1,
        "function": "test_report.<locals>.report",
        "code": 'db.execute("select 1")',
    }
    job = written["routes"]["nightly"]
    assert (job["kind"], job["unit"], job["units"]) == ("job", "GB", 2.5)
    assert written["meta"]["environment"]["python"]


def test_disabled_each_function_is_called_once(run):
    done = run(COSTS, "--cost-disable", "-s")

    assert done.returncode == 0, done.stdout
    assert "CALLS 1" in done.stdout
    assert "cost of one request" not in done.stdout


def test_under_xdist_it_refuses_and_says_what_to_do(run):
    done = run(COSTS, "-p", "xdist", "-n", "1")

    assert done.returncode == 1
    assert "error[unsupported-runner]: costs cannot be measured under pytest-xdist" in done.stdout
    assert "pytest -n 0" in done.stdout


TABLE = """
    import pytest
    from codeops.instrument import hooks

    @pytest.mark.parametrize("cost", [1, 2])
    def test_table(cost):
        assert hooks.installed() == ()
"""

OWN = """
    import pytest
    from codeops.instrument import hooks

    @pytest.fixture(params=[1, 2])
    def cost(request):
        return request.param

    def test_own(cost):
        assert hooks.installed() == ()
"""

OWN_ABOVE_OURS = """
    import pytest

    @pytest.fixture
    def cost(cost):
        return cost

    @pytest.fixture
    def above(cost):
        from codeops.instrument import hooks
        assert hooks.installed()
        return cost

    @pytest.mark.cost(route="/a")
    def test_ours(above):
        above(int)
"""


@pytest.mark.parametrize("text", [TABLE, OWN, OWN_ABOVE_OURS], ids=["an argument", "a fixture", "a fixture above ours"])
def test_only_a_run_that_asks_for_this_very_fixture_is_counted(run, text):
    done = run(text)

    assert done.returncode == 0, done.stdout
    assert ("cost of one request" in done.stdout) == (text is OWN_ABOVE_OURS)


REFUSALS = [
    (
        "asking too late",
        "def test_a(request): request.getfixturevalue('cost')(int)",
        "costs cannot be measured, because calls were not counted from the start",
    ),
    ("a route and a job", "@pytest.mark.cost(route='a', job='b')\ndef test_a(cost): cost(int)", "the marker cost has a route and a job"),
    (
        "two tests of one route",
        "@pytest.mark.parametrize('n', [1, 2])\n@pytest.mark.cost(route='a')\ndef test_a(cost, n): cost(int)",
        "route a is measured twice",
    ),
    ("a slip in the marker", "@pytest.mark.cost(rout='a')\ndef test_a(cost): cost(int)", "the marker cost has no rout"),
    (
        "a running loop",
        "import asyncio\ndef test_a(cost):\n    async def inner(): cost(int)\n    asyncio.run(inner())",
        "inside a running event loop",
    ),
    ("a route that raises", "def test_a(cost): cost(int, 'x')", "ValueError: invalid literal"),
]


@pytest.mark.parametrize(("claim", "text", "message"), REFUSALS, ids=[refusal[0] for refusal in REFUSALS])
def test_what_cannot_be_measured_fails_the_test(run, claim, text, message):
    done = run("import pytest\n" + text)

    assert done.returncode == 1
    assert message in done.stdout


def test_a_run_without_a_cost_test_imports_nothing_of_codeops_but_the_plugin(run):
    done = run(
        "import sys\ndef test_it():\n    print('LOADED', sorted(name for name in sys.modules if name.startswith('codeops')))\n", "-s"
    )

    assert done.returncode == 0
    loaded = set(done.stdout[done.stdout.index("LOADED [") :].partition("]")[0].removeprefix("LOADED [").replace("'", "").split(", "))
    assert loaded <= {"codeops", "codeops._version", "codeops.bench", "codeops.bench.in_pytest", "codeops.bench.in_pytest.plugin"}

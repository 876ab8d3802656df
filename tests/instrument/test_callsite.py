import asyncio
from types import SimpleNamespace

import pytest

from codeops import instrument
from codeops.instrument import callsite, tasks


def test_a_comprehension_belongs_to_its_function_on_every_python(here):
    with instrument.tally(here) as tally:
        [instrument.record("a.b", 1) for _ in range(3)]

    ((site, amount),) = tally.sites["a.b", "{request}", ()].items()
    assert (site[2], amount) == ("test_a_comprehension_belongs_to_its_function_on_every_python", 3)


@pytest.mark.parametrize("place", ["site-packages", "dist-packages"])
def test_installed_packages_inside_the_project_are_not_the_users_code(tmp_path, place):
    assert not callsite.relative(str(tmp_path / ".venv" / "lib" / place / "boto3" / "session.py"), str(tmp_path))
    assert callsite.relative(str(tmp_path / "app" / "session.py"), str(tmp_path)) == "app/session.py"


@pytest.mark.parametrize("file", ["<string>", "<frozen importlib._bootstrap>", asyncio.__file__, callsite.__file__])
def test_neither_the_standard_library_nor_codeops_is_the_users_code(file):
    assert not callsite.relative(file, "/")


def test_without_a_line_of_the_user_there_is_no_site(tmp_path):
    with instrument.tally(str(tmp_path)) as tally:
        instrument.record("a.b", 1)

    assert tally.lines == {("a.b", "{request}", ()): 1}
    assert tally.sites == {}


def test_a_task_of_foreign_code_is_at_the_line_that_started_it(tmp_path):
    (tmp_path / "lib").mkdir()
    (tmp_path / "app").mkdir()
    lib, app = _module(tmp_path / "lib" / "lib.py", "async def fetch(record):\n    record('a.b', 1)\n"), tmp_path / "app" / "app.py"
    source = "import asyncio\nasync def handler(fetch, record):\n    await asyncio.gather(fetch(record),\n        fetch(record))\n"
    handler = _module(app, source).handler
    loop = asyncio.new_event_loop()
    loop.set_task_factory(tasks.task_factory)

    with instrument.tally(str(tmp_path / "app")) as tally:
        loop.run_until_complete(handler(lib.fetch, instrument.record))
    loop.close()

    ((site, amount),) = tally.sites["a.b", "{request}", ()].items()
    assert (site, amount) == (("app.py", 3, "handler"), 2)


def test_without_the_factory_the_line_that_runs_the_loop_is_all_there_is(tmp_path, here):
    lib = _module(tmp_path / "lib.py", "async def fetch(record):\n    record('a.b', 1)\n")

    async def handler():
        await asyncio.gather(lib.fetch(instrument.record))

    with instrument.tally(here) as tally:
        asyncio.run(handler())

    ((site, _),) = tally.sites["a.b", "{request}", ()].items()
    assert site[2] == "test_without_the_factory_the_line_that_runs_the_loop_is_all_there_is"


def _module(path, source):
    path.write_text(source)
    namespace = {"__name__": path.stem}
    exec(compile(source, str(path), "exec"), namespace)
    return SimpleNamespace(**namespace)

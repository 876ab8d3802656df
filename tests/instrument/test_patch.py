import asyncio
import inspect
import sys

import pytest

from codeops import instrument
from codeops.instrument import guard, imports
from codeops.instrument.patch import Hooks
from codeops.instrument.recorder import count


class Base:
    def call(self, value):
        """Doc."""
        return value

    async def wait(self, value):
        return value


class Client(Base):
    pass


def note(*_, **__):
    count("a.b", 1)


@pytest.fixture
def hooks():
    made = Hooks()
    yield made
    made.undo()


def counted(function, *args):
    with instrument.tally("/") as tally:
        function(*args)
    return sum(tally.lines.values())


def test_the_original_is_called_and_looks_the_same(hooks):
    original = vars(Base)["call"]
    hooks.before(Base, "call", note)

    assert Base().call(3) == 3
    assert (Base.call.__name__, Base.call.__doc__, inspect.signature(Base.call)) == ("call", "Doc.", inspect.signature(original))


def test_an_async_original_stays_a_coroutine_function(hooks):
    hooks.before(Base, "wait", note)

    assert inspect.iscoroutinefunction(Base.wait)
    assert counted(lambda: asyncio.run(Base().wait(1))) == 1


def test_undoing_restores_the_very_same_object_or_none(hooks):
    original = vars(Base)["call"]
    hooks.before(Base, "call", note)
    hooks.before(Client, "call", note)

    hooks.undo()

    assert vars(Base)["call"] is original
    assert "call" not in vars(Client)


def test_a_wrapper_on_top_of_ours_is_left_alone_and_nothing_counts_twice(hooks):
    original = vars(Base)["call"]
    hooks.before(Base, "call", note)
    ours = Base.call

    def theirs(self, value):
        return ours(self, value)

    Base.call = theirs

    hooks.undo()
    assert Base.call is theirs
    assert counted(Base().call, 1) == 0

    hooks.before(Base, "call", note)
    assert counted(Base().call, 1) == 1

    hooks.undo()
    Base.call = original


def test_a_fault_in_a_hook_does_not_reach_the_caller(hooks, monkeypatch):
    monkeypatch.setattr(guard, "strict", False)
    monkeypatch.setattr(guard, "problems", [])
    hooks.before(Base, "call", lambda *_: 1 / 0)

    with instrument.tally():
        assert Base().call(3) == 3
    assert [type(problem) for problem in guard.problems] == [ZeroDivisionError]


def test_a_module_is_acted_on_right_after_its_first_import(tmp_path, monkeypatch):
    (tmp_path / "codeops_late.py").write_text("ready = True\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    seen = []

    imports.when_imported("codeops_late", lambda: seen.append(sys.modules["codeops_late"].ready))
    assert seen == []
    import codeops_late

    assert seen == [True]
    assert "exec_module" not in vars(codeops_late.__loader__)
    assert imports._finder not in sys.meta_path
    del sys.modules["codeops_late"]


def test_a_module_that_fails_to_import_fails_as_before(tmp_path, monkeypatch):
    (tmp_path / "codeops_broken.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    def act():
        pytest.fail("it was not imported")

    imports.when_imported("codeops_broken", act)

    with pytest.raises(ZeroDivisionError):
        import codeops_broken  # ruff: ignore[unused-import]

    imports.forget("codeops_broken", act)
    assert imports._finder not in sys.meta_path


def test_a_missing_module_is_missing_as_before():
    imports.when_imported("codeops_nowhere", print)

    with pytest.raises(ModuleNotFoundError, match="codeops_nowhere"):
        import codeops_nowhere  # ruff: ignore[unused-import]

    imports.forget("codeops_nowhere", print)
    assert not imports.is_installed("codeops_nowhere.inner")

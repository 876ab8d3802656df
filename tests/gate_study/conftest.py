"""The modules of the benchmark, which are scripts beside each other and no package."""

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks" / "gate"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """Imports a script of the benchmark by name; nothing of it stays."""
    monkeypatch.syspath_prepend(FOLDER)

    def imported(name: str) -> ModuleType:
        return import_module(name)

    before = set(sys.modules)
    yield imported

    for name in set(sys.modules) - before:
        if str(FOLDER) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]

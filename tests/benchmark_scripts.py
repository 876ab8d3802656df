"""The scripts of a benchmark, which are modules beside each other and no package."""

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

__all__ = ["scripts_of"]


@contextmanager
def scripts_of(benchmark: str, monkeypatch: pytest.MonkeyPatch) -> Generator[Callable[[str], ModuleType]]:
    """Imports a script of `benchmarks/<benchmark>` by name; nothing of it stays."""
    folder = Path(__file__).parents[1] / "benchmarks" / benchmark
    monkeypatch.syspath_prepend(folder)
    before = set(sys.modules)
    try:
        yield import_module
    finally:
        for name in set(sys.modules) - before:
            if str(folder) in str(getattr(sys.modules[name], "__file__", "")):
                del sys.modules[name]

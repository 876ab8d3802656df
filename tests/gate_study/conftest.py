"""The scripts of benchmarks/gate."""

from collections.abc import Callable, Iterator
from types import ModuleType

import pytest

from benchmark_scripts import scripts_of


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], ModuleType]]:
    """Imports a script by name."""
    with scripts_of("gate", monkeypatch) as imported:
        yield imported

"""Fixtures of the client libraries' tests: hooks in place for one test, faults of ours raised, and the peers."""

import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from codeops import instrument
from codeops.instrument import guard


def _peers() -> ModuleType:
    name = "codeops_test_peers"
    if name not in sys.modules:
        spec = spec_from_file_location(name, Path(__file__).with_name("peers.py"))
        sys.modules[name] = module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


@pytest.fixture(scope="session")
def peers() -> ModuleType:
    return _peers()


@pytest.fixture
def web(peers):
    peers.web().forget()
    return peers.web()


@pytest.fixture(autouse=True)
def _faults_are_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "strict", True)


@pytest.fixture
def hooks() -> Iterator[tuple[str, ...]]:
    yield instrument.install()

    instrument.uninstall()


@pytest.fixture
def here() -> str:
    return str(Path(__file__).parent)

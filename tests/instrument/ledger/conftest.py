"""Each test runs on both ledgers, the one in C and the one in Python, with the adaptive and with the exact clock."""

import gc
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from codeops.instrument import ledger

sys.path.insert(0, str(Path(__file__).parent))

from kept import Kept


@pytest.fixture(autouse=True)
def _no_collection_in_between() -> Iterator[None]:
    """A collection of all that pytest holds takes longer than the work of most tests."""
    gc.disable()

    yield

    gc.enable()


@pytest.fixture(params=["native", "pure"])
def keeper(request: pytest.FixtureRequest) -> Iterator[ModuleType]:
    """The module that keeps the books; it runs for nobody before and after the test."""
    module = ledger.choose(request.param)

    yield module

    module.stop()
    module.leave_thread()
    module.lost.clear()


@pytest.fixture(params=["adaptive", "exact"])
def clock(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def books(keeper: ModuleType) -> Kept:
    """Books that are open, with the adaptive clock."""
    return Kept(keeper)


@pytest.fixture
def either_clock(keeper: ModuleType, clock: str) -> Kept:
    """The same with either clock."""
    return Kept(keeper, is_exact=clock == "exact")


@pytest.fixture
def program() -> Callable[..., str]:
    """Runs `programs/<name>.py` for a ledger in a process of its own; what it printed."""
    from kept import output

    return output

"""Each switch is tested on the ledger in C and on the one in Python, with the books and the work of the ledger's own tests."""

import gc
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from codeops.instrument import ledger

sys.path.insert(0, str(Path(__file__).parents[1] / "ledger"))

from kept import Kept


@pytest.fixture(autouse=True)
def _no_collection_in_between() -> Iterator[None]:
    """A collection of all that pytest holds takes longer than the work of most tests."""
    gc.disable()

    yield

    gc.enable()


@pytest.fixture(params=["native", "pure"])
def keeper(request: pytest.FixtureRequest) -> ModuleType:
    return ledger.choose(request.param)


@pytest.fixture
def books(keeper: ModuleType) -> Iterator[Kept]:
    """Books that are open, and no switch is hooked."""
    with Kept(keeper, owner_var=ledger.OWNER) as opened:
        yield opened

    ledger.OWNER.set(None)
    keeper.leave_thread()

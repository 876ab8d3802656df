"""Every counter of instructions by its name: what goes around requests in the worker."""

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Protocol, Self

from codeops.bench.counters import bytecode, region

__all__ = ["COUNTERS", "Region"]


class Region(Protocol):
    """A block of code, and how many instructions all threads executed in it: `counted`, afterwards."""

    counted: int

    def __enter__(self) -> Self:
        """Begins to count."""

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None) -> None:
        """Ends it."""


COUNTERS: Mapping[str, Callable[[], Region]] = {"bytecode": bytecode.Region, "callgrind": region.Region}

"""Bytecode: how many instructions of Python requests execute, as the interpreter itself reports them, from 3.12 on.

The count is exact and the same for every hash seed; what C code does is not in it. Source: PEP 669, the event INSTRUCTION.
"""

import sys
from itertools import count
from types import TracebackType
from typing import Any, Self

from codeops.core.errors import UnsupportedCounter

__all__ = ["Region", "is_available"]

_MONITORING: Any = getattr(sys, "monitoring", None)
_PLACES = 6


def is_available() -> bool:
    """Whether this interpreter reports its instructions."""
    return _MONITORING is not None


class Region:
    """Goes around code and counts the bytecode that all threads execute meanwhile.

    Raises: UnsupportedCounter before Python 3.12, and where other tools have taken all places for such a report.
    """

    def __init__(self) -> None:
        self.counted = 0
        self._ticks = count()  # its next() is one step, whichever thread takes it
        self._tool = _free_place()

    def __enter__(self) -> Self:
        ticks, instruction = self._ticks, _MONITORING.events.INSTRUCTION
        _MONITORING.use_tool_id(self._tool, "codeops")
        _MONITORING.register_callback(self._tool, instruction, lambda _code, _offset: next(ticks))
        _MONITORING.set_events(self._tool, instruction)
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None) -> None:
        _MONITORING.set_events(self._tool, _MONITORING.events.NO_EVENTS)
        _MONITORING.register_callback(self._tool, _MONITORING.events.INSTRUCTION, None)
        _MONITORING.free_tool_id(self._tool)
        self.counted = next(self._ticks)


def _free_place() -> int:
    if _MONITORING is None:
        why = f"Python {sys.version_info.major}.{sys.version_info.minor} does not report it"
        raise UnsupportedCounter("bytecode cannot be counted", why=why, fix="use Python 3.12 or newer")
    for place in range(_PLACES):
        if _MONITORING.get_tool(place) is None:
            return place
    why = f"other tools have taken all {_PLACES} places of sys.monitoring"
    raise UnsupportedCounter("bytecode cannot be counted", why=why, fix="measure without debuggers and profilers")

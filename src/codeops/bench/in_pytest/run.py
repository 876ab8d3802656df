"""Pytest, run in the worker: to measure each benchmark by itself, or to stop at each for somebody outside."""

import os
from collections.abc import Sequence
from typing import Any

import msgspec

from codeops.bench.desk import Desk
from codeops.bench.relocation import relocate
from codeops.bench.session import extend_path
from codeops.core.suite import Suite
from codeops.instrument import hooks

__all__ = ["carry_out"]


def carry_out(desk: Desk, command: dict[str, Any]) -> object:
    """The answer to `pytest` or `pytest in pairs`: pytest's exit status, in a table of its own for the latter."""
    suite = msgspec.convert(command["suite"], Suite)
    if command["name"] == "pytest":
        from codeops.bench.in_pytest.plugin import PlanPlugin

        return _run(suite, [f"--cost-out={command['out']}"], PlanPlugin(suite.plan, suite.selection))
    from codeops.bench.in_pytest.stops import PairsPlugin

    origin, place = (os.path.realpath(command[name]) if command[name] else "" for name in ("origin", "place"))
    if origin:
        relocate(origin, place)
    return {"status": _run(suite, (), PairsPlugin(desk, suite, origin, place))}


def _run(suite: Suite, arguments: Sequence[str], plugin: object) -> int:
    import pytest

    extend_path(suite)
    hooks.install()
    return int(pytest.main([*suite.pytest, *arguments], plugins=[plugin]))

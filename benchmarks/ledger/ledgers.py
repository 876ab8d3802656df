"""The ledger of CodeOps as a way to measure spans, and the broken variants that the benchmark must catch."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import codeops
from codeops.core.meter import CHILD_CPU, CPU

__all__ = ["BROKEN", "Ledger", "ledger_named"]

_WINDOW_NS = 1_000_000


class Ledger:
    """CodeOps with nothing but its ledger."""

    def __init__(self, kind: str, **arguments: Any) -> None:
        self._arguments = {"ledger": kind, "memory": False, "libraries": (), **arguments}

    def start(self) -> None:
        """Instruments this process."""
        codeops.instrument(**self._arguments)

    @staticmethod
    def stop() -> None:
        """Takes the instrumentation out."""
        codeops.uninstrument()

    @staticmethod
    def span(name: str) -> AbstractContextManager[object]:
        """A span as a program without any SDK has it."""
        return codeops.span(name)

    @staticmethod
    def read() -> dict[str, dict[str, float]]:
        """Seconds so far by span and bucket; of spans also those after their end, and those of their child processes."""
        books: dict[str, dict[str, float]] = {"spans": {}, "buckets": {}, "late": {}, "children": {}}
        for row in codeops.collect():
            is_bucket = row.name.startswith(("unattributed.", "runtime."))
            _add(books["buckets" if is_bucket else "spans"], row.name, row.usage.get(CPU, 0.0))
            _add(books["late"], row.name, row.late_s)
            _add(books["children"], row.name, row.usage.get(CHILD_CPU, 0.0))
        return books


def _add(totals: dict[str, float], name: str, seconds: float) -> None:
    totals[name] = totals.get(name, 0.0) + seconds


def _without(switch: str) -> Callable[[str], Ledger]:
    def made(kind: str) -> Ledger:
        from codeops import discovery
        from codeops.instrument import switches

        names = set(discovery.names(switches.__name__))
        if switch not in names:
            raise LookupError(f"no switch point {switch!r} to leave out among {sorted(names)}: the control would control nothing")
        return Ledger(kind, switches=sorted(names - {switch}))

    return made


def _fixed_window(_: str) -> Ledger:
    """One difference of the thread's clock per millisecond, split by the time that passed: waiting counts as working."""
    from codeops.instrument.ledger import pure

    original = pure.start

    def start(*buckets: Any, **options: Any) -> None:
        original(*buckets, **{**options, "short_ns": 10**15, "pending_max_ns": _WINDOW_NS})

    pure.start = start
    pure.finish = lambda account: account.self_ns  # else the end of a span would settle it before its window is over
    return Ledger("pure")


def _unrestored(_: str) -> Ledger:
    """A step that leaves its own owner behind: whoever made an eager task goes on for that task's account."""
    from codeops.instrument.ledger import pure

    def charged(step: Callable[..., Any]) -> Callable[..., Any]:
        def stepping(*arguments: Any) -> Any:
            pure.resync()
            return step(*arguments)

        return stepping

    if "_charged" not in vars(pure):
        raise LookupError("the step of the pure ledger has another name: the control would control nothing")
    pure._charged = charged  # ruff: ignore[private-member-access] - what is broken here is the inside
    return Ledger("pure")


BROKEN: dict[str, Callable[[str], Ledger]] = {
    "no-task-hook": _without("asyncio"),
    "no-gc-bucket": _without("gc"),
    "fixed-window": _fixed_window,
    "unrestored": _unrestored,
}
"""What is broken about the ledger in each negative control."""


def ledger_named(name: str) -> Ledger:
    """`native`, `pure`, either with `-exact`, or a broken one such as `no-gc-bucket-native`."""
    kind, _, rest = name.partition("-")
    if kind in {"native", "pure"}:
        return Ledger(kind, clock=rest or "adaptive")
    fault, _, kind = name.rpartition("-")
    return BROKEN[fault](kind)

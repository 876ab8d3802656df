"""Bytecode: how many instructions of Python a request executes, counted exactly where the interpreter can.

Hash seeds, memory layout and irrelevant edits do not move the count, so growth is growth; but C code is not in it, and so it
decides nothing about cost (the project's campaign on the statistics of the CPU gate, section 4, 2026-11).
"""

from decimal import Decimal

from codeops.core import figure
from codeops.core.finding import Finding, Severity
from codeops.core.meter import CPU
from codeops.gate.advice import advice_for
from codeops.gate.case import Case

__all__ = ["bytecode_grew"]

_NOTICEABLE = Decimal("0.01")  # growth by less is information, not a warning


def bytecode_grew(case: Case) -> list[Finding]:
    """Each route of which a request executes more bytecode than the base's."""
    return [_finding(route, base, head) for route, (base, head) in sorted(case.evidence.bytecode.items()) if head > base]


def _finding(route: str, base: Decimal, head: Decimal) -> Finding:
    by = f" ({figure.ratio(head / base - 1)})" if base else ""
    was, now = (figure.count_noun(count, "instruction") for count in (base, head))
    return Finding(
        rule="bytecode-grew",
        severity=Severity.WARNING if head >= base * (1 + _NOTICEABLE) else Severity.INFO,
        message=f"{route} executes more bytecode: {was} per request → {now}{by}",
        why="counted, not timed: it repeats exactly, and what C code does is not in it",
        fix=advice_for(CPU),
        route=route,
        meter=CPU,
    )

"""How the CPU of base and head is compared: counted in instructions, or timed."""

from dataclasses import dataclass
from decimal import Decimal

from codeops.bench.counters import callgrind
from codeops.config import Config
from codeops.core.cost import Caveat
from codeops.core.errors import UnsupportedCounter
from codeops.core.meter import CPU

__all__ = ["Counter", "choose"]

_FINE = Decimal("0.03")
"""A tolerance below this asks for instructions: CPU that is timed tells changes of 3 points apart, instructions of one."""


@dataclass(frozen=True, slots=True)
class Counter:
    """What was chosen, and what is to be said about it."""

    with_instructions: bool
    notes: tuple[Caveat, ...] = ()


def choose(config: Config, asked: str) -> Counter:
    """How it is done here, when `asked` is `auto`, `cpu` or `instructions`.

    Raises: UnsupportedCounter when instructions are asked for and cannot be counted.
    """
    if asked == "cpu" or (asked == "auto" and not _is_fine(config)):
        return Counter(with_instructions=False)
    why = callgrind.unavailable()
    if not why:
        return Counter(with_instructions=True)
    if asked == "instructions":
        fix = "install valgrind (apt-get install valgrind), or leave --counter at auto"
        raise UnsupportedCounter("instructions cannot be counted here", why=why, fix=fix)
    text = f"a tolerance below {_FINE:.0%} asks for counted instructions, and CPU is timed instead, because {why}"
    return Counter(with_instructions=False, notes=(Caveat("not-counted", CPU, text),))


def _is_fine(config: Config) -> bool:
    """Whether a limit asks for more than timing tells."""
    limits = [config.budget.of(case.route).regression for case in config.suite.cases] or [config.budget.regression]
    return any(limit is not None and limit < _FINE for limit in limits)

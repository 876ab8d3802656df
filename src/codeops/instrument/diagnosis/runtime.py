"""This interpreter, and the ledger that it lets us keep."""

import platform
import sys

from codeops._version import __version__
from codeops.core.errors import UnsupportedLedger
from codeops.instrument import ledger
from codeops.instrument.diagnosis.section import Fact, Section, told
from codeops.instrument.settings import Settings

__all__ = ["examine"]


def examine(settings: Settings) -> Section:
    """Python, its lock, and which ledger `settings` get."""
    facts = [
        Fact("codeops", __version__),
        Fact("python", f"{platform.python_implementation()} {platform.python_version()}, {sys.platform}", sys.executable),
        Fact("GIL", _lock()),
    ]
    findings = []
    try:
        facts.append(_ledger(settings))
    except UnsupportedLedger as problem:
        facts.append(Fact("ledger", "none", "calls and bytes are counted; CPU is not attributed to spans"))
        findings.append(told(problem))
    return Section("runtime", "Python", tuple(facts), tuple(findings))


def _lock() -> str:
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        return "off: this interpreter runs free-threaded"
    import sysconfig

    return "on, in a free-threaded build" if sysconfig.get_config_var("Py_GIL_DISABLED") else "on"


def _ledger(settings: Settings) -> Fact:
    keeper = ledger.choose(settings.ledger)
    if keeper is None:
        return Fact("ledger", "off", "CPU is not attributed to spans")
    if keeper.__name__.endswith("native"):
        return Fact("ledger", "native", f"in C, {settings.clock} clock")
    if settings.ledger == "pure":
        return Fact("ledger", "pure", f"in Python as asked for, {settings.clock} clock")
    return Fact("ledger", "pure", f"in Python, as exact and slower: {_why_not_native()}")


def _why_not_native() -> str:
    try:
        ledger.choose("native")
    except UnsupportedLedger as problem:
        return f"{problem.title} ({problem.why})"
    return "the one in C is there"

"""What would be hooked here: client libraries, web frameworks, and the points at which the owner of a thread changes."""

from collections.abc import Iterable
from functools import cache

from codeops import discovery
from codeops.core.errors import CodeOpsError
from codeops.core.finding import Finding
from codeops.instrument import imports
from codeops.instrument.diagnosis.section import Fact, Section, told
from codeops.instrument.hooks import LIBRARIES, SERVERS
from codeops.instrument.running import SWITCHES
from codeops.instrument.settings import Settings

__all__ = ["examine"]


def examine(settings: Settings) -> Section:
    """All members of the three slots, as far as they are installed and asked for."""
    facts: list[Fact] = []
    findings: list[Finding] = []
    for title, slot, wanted in (("client libraries", LIBRARIES, settings.libraries), ("servers", SERVERS, None)):
        here, absent = _installed(slot, wanted, findings)
        facts.append(Fact(title, ", ".join(here) or "none", f"not installed: {', '.join(absent)}" if absent else ""))
    known = discovery.names(SWITCHES)
    switches = known if settings.switches is None else [name for name in known if name in settings.switches]
    left_out = [name for name in known if name not in switches]
    facts.append(Fact("switch points", ", ".join(switches) or "none", f"left out: {', '.join(left_out)}" if left_out else ""))
    return Section("hooks", "What is followed", tuple(facts), tuple(findings))


def _installed(slot: str, wanted: Iterable[str] | None, findings: list[Finding]) -> tuple[list[str], list[str]]:
    """Those that are installed, with their versions, and those that are not."""
    here: list[str] = []
    absent: list[str] = []
    for name in discovery.names(slot):
        if wanted is not None and name not in wanted:
            continue
        try:
            module = discovery.load(slot, name, needs=("MODULE", "install", "uninstall")).MODULE
        except CodeOpsError as problem:
            findings.append(told(problem))
            continue
        if imports.is_installed(module):
            here.append(" ".join(filter(None, (name, _version(module)))))
        else:
            absent.append(name)
    return here, absent


def _version(module: str) -> str:
    """The version of the distribution that holds `module`, empty for the standard library."""
    from importlib.metadata import PackageNotFoundError, version

    package = module.partition(".")[0]
    for name in (module.replace(".", "-"), *_distributions().get(package, ())):
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return ""


@cache
def _distributions() -> dict[str, list[str]]:
    from importlib.metadata import packages_distributions

    return dict(packages_distributions())

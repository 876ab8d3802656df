"""The variables CODEOPS_* of this environment: those in force, those that cannot be read, and those that nobody reads."""

from collections.abc import Mapping
from difflib import get_close_matches

from codeops.core.errors import CodeOpsError
from codeops.core.finding import Finding, Severity
from codeops.instrument.diagnosis.section import Fact, Section, told
from codeops.instrument.hooks import LIBRARIES
from codeops.instrument.running import SWITCHES
from codeops.instrument.settings import VARIABLES, Settings, unreadable

__all__ = ["examine", "usable"]

_OTHERS = {"CODEOPS_STRICT": "whether faults of CodeOps are raised: 1, or 0; else in tests of pytest"}
_MEMBERS = {"switches": SWITCHES, "libraries": LIBRARIES}


def usable(environ: Mapping[str, str]) -> Settings:
    """The settings of `environ` without the variables that cannot be read."""
    try:
        return Settings.read(environ)
    except CodeOpsError:
        broken = _unreadable(environ)
        rest = {name: value for name, value in environ.items() if name not in broken}
        try:
            return Settings.read(rest)
        except CodeOpsError:  # what is wrong is wrong together
            return Settings.read({})


def examine(environ: Mapping[str, str]) -> Section:
    """Each variable that is set."""
    names = sorted(name for name in environ if name.startswith("CODEOPS_"))
    facts = [Fact(name, environ[name], _meaning(name)) for name in names]
    findings = [_unknown(name) for name in names if name not in VARIABLES and name not in _OTHERS]
    broken = _unreadable(environ)
    findings += [told(problem, about=name) for name, problem in broken.items()]
    if not broken:
        findings += _wrong_together(environ)
    return Section("variables", "Variables", tuple(facts) or (Fact("CODEOPS_…", "none is set"),), tuple(findings))


def _meaning(name: str) -> str:
    return VARIABLES.get(name, _OTHERS.get(name, "nobody reads it")).replace("`", "")


def _unreadable(environ: Mapping[str, str]) -> dict[str, CodeOpsError]:
    found = unreadable(environ)
    for setting, slot in _MEMBERS.items():
        name = f"CODEOPS_{setting.upper()}"
        if name in environ and name not in found:
            try:
                _demand_members(Settings.read({name: environ[name]}), setting, slot)
            except CodeOpsError as problem:
                found[name] = problem
    return found


def _demand_members(settings: Settings, setting: str, slot: str) -> None:
    """BrokenPlugin for a switch point or library that cannot be loaded."""
    from codeops import discovery

    for name in getattr(settings, setting) or ():
        discovery.load(slot, name)


def _wrong_together(environ: Mapping[str, str]) -> list[Finding]:
    try:
        Settings.read(environ)
    except CodeOpsError as problem:
        return [told(problem)]
    tenant = [name for name in ("CODEOPS_TENANT_REQUIRED", "CODEOPS_TENANT_DOMAINS") if environ.get(name, "").strip()]
    if tenant and not any(environ.get(name) for name in ("CODEOPS_TENANT_HEADER", "CODEOPS_TENANT_CLAIM")):
        return [
            Finding(
                rule="tenant-without-source",
                severity=Severity.WARNING,
                message=f"{tenant[0]} has no effect",
                why="neither CODEOPS_TENANT_HEADER nor CODEOPS_TENANT_CLAIM says where the tenant of a request is found",
                fix="set one of them, for example CODEOPS_TENANT_HEADER=x-tenant-id",
            )
        ]
    return []


def _unknown(name: str) -> Finding:
    near = get_close_matches(name, VARIABLES, 1)
    return Finding(
        rule="unknown-variable",
        severity=Severity.WARNING,
        message=f"{name} is set, and nobody reads it",
        why=f"the nearest name that is read is {near[0]}" if near else f"read are {', '.join(VARIABLES)}",
        fix=f"write {near[0]}" if near else "unset it",
    )

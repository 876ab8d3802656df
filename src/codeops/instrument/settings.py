"""What `codeops.instrument()` was asked for: its arguments, and for what they leave open the variables `CODEOPS_*`."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from codeops import discovery
from codeops.core.errors import CodeOpsError, InvalidValue
from codeops.instrument import network
from codeops.instrument.guard import complain
from codeops.instrument.ledger import NAMES
from codeops.instrument.tenant import Tenant

__all__ = ["VARIABLES", "Settings", "unreadable"]

VARIABLES: dict[str, str] = {
    "CODEOPS_PRICEBOOK": "path of the price book; without one usage is measured and money is absent",
    "CODEOPS_LABELS": "labels of this process, `region=eu-west-1,pricing_tier=spot`: they go before all that is detected",
    "CODEOPS_LEDGER": "`auto`, `native`, `pure` or `off`",
    "CODEOPS_CLOCK": "`adaptive`, or `exact`: the thread clock is read at each change of owner",
    "CODEOPS_SWITCHES": "names of the switch points to follow, with commas; all if it is not set",
    "CODEOPS_LIBRARIES": "names of the client libraries to count, with commas; all that are installed if it is not set",
    "CODEOPS_MEMORY": "`off` leaves memory out",
    "CODEOPS_TENANT_HEADER": "the request header that names the tenant",
    "CODEOPS_TENANT_CLAIM": "the claim of the bearer token that names the tenant",
    "CODEOPS_TENANT_REQUIRED": "`true` labels requests without a tenant `(missing)`",
    "CODEOPS_TENANT_DOMAINS": "hosts that may learn the tenant, with commas: `api.example.com,.example.org`",
    "CODEOPS_NETWORKS": "internal networks and hosts with their destination: `10.0.0.0/8=intra-zone,.corp.example=inter-zone`",
    "CODEOPS_BREAKDOWN": "further labels that spans may carry, with commas",
    "CODEOPS_MAX_ROWS": "how many label sets are kept apart; the rest is `other`. 2000 if it is not set",
    "CODEOPS_PODINFO": "folder in which Kubernetes mounts labels and annotations of the pod; `/etc/podinfo` if it is not set",
}
"""Every variable that is read, with its meaning; `docs/instrument.md` is made from this."""

_CLOCKS = ("adaptive", "exact")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be chosen; see `VARIABLES` for the meaning of each."""

    pricebook: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    ledger: str = "auto"
    clock: str = "adaptive"
    switches: tuple[str, ...] | None = None
    libraries: tuple[str, ...] | None = None
    memory: bool = True
    tenant: Tenant | None = None
    networks: Mapping[str, str] | None = None
    breakdown: tuple[str, ...] = ()
    max_rows: int = 2000

    def __post_init__(self) -> None:
        _demand_one_of("ledger", self.ledger, NAMES)
        _demand_one_of("clock", self.clock, _CLOCKS)
        if self.max_rows < 1:
            raise InvalidValue(f"max_rows is {self.max_rows}", why="at least one row must be kept", fix="leave it out, or write 2000")

    @classmethod
    def of(cls, **given: Any) -> "Settings | None":
        """The settings given, and those of the environment for what is None.

        None where a variable means nothing, which is told by its name: the program, which did not write it, must start
        all the same, and with a guess in its place figures could be wrong.

        Raises: InvalidValue for what is given.
        """
        cls.read({}, **given)
        broken = {name: problem for name, problem in unreadable(os.environ).items() if given.get(_setting(name)) is None}
        for name, problem in broken.items():
            complain(type(problem)(f"{name}: {problem.title}", why=problem.why, fix=problem.fix))
        return None if broken else cls.read(os.environ, **given)

    @classmethod
    def read(cls, environ: Mapping[str, str], **given: Any) -> "Settings":
        """The same with the variables of `environ`.

        Raises: InvalidValue.
        """
        chosen = {name: value for name, value in given.items() if value is not None}
        for name, read in _READ.items():
            text = environ.get(f"CODEOPS_{name.upper()}", "").strip()
            if name not in chosen and text:
                chosen[name] = read(text)
        if "tenant" not in chosen and (tenant := _tenant(environ)) is not None:
            chosen["tenant"] = tenant
        return cls(**{name: _CHECKS[name](name, value) for name, value in chosen.items()})


def unreadable(environ: Mapping[str, str]) -> dict[str, CodeOpsError]:
    """The variables of `environ` that mean nothing, each with what is wrong about it."""
    found: dict[str, CodeOpsError] = {}
    for name in VARIABLES:
        if name in environ:
            beside = {"CODEOPS_TENANT_HEADER": "x-tenant"} if name.startswith("CODEOPS_TENANT_") else {}
            try:
                Settings.read({**beside, name: environ[name]})
            except CodeOpsError as problem:
                found[name] = problem
    return found


def _setting(variable: str) -> str:
    """Which setting a variable says something about."""
    return "tenant" if variable.startswith("CODEOPS_TENANT_") else variable.removeprefix("CODEOPS_").lower()


def _checked_text(name: str, value: Any) -> str:
    text = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(text, str):
        raise _refusal(name, value, "it is text", f"write {name}='...'")
    return text


def _checked_flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _refusal(name, value, "it is on or off", f"write {name}=False")
    return value


def _checked_number(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _refusal(name, value, "it is a whole number", f"write {name}=2000")
    return value


def _checked_words(name: str, value: Any) -> tuple[str, ...]:
    words = tuple(value) if isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping) else (None,)
    if not all(isinstance(word, str) and word.strip() for word in words):
        raise _refusal(name, value, "it is a list of names", f"write {name}=['...']")
    return words


def _checked_names(name: str, value: Any) -> tuple[str, ...]:
    known = discovery.names(f"codeops.instrument.{name}")
    words = _checked_words(name, value)
    for word in words:
        if word not in known:
            from difflib import get_close_matches

            near = get_close_matches(word, known, 1)
            raise _refusal(name, word, f"known are {', '.join(known)}", f"write {near[0]!r}" if near else "leave it out")
    return words


def _checked_pairs(name: str, value: Any) -> dict[str, str]:
    pairs = dict(value) if isinstance(value, Mapping) else {"": value}
    if not all(isinstance(word, str) and word.strip() for pair in pairs.items() for word in pair):
        raise _refusal(name, value, "it maps text to text", f"write {name}={{'...': '...'}}")
    return pairs


def _checked_networks(name: str, value: Any) -> Mapping[str, str]:
    if not isinstance(value, Mapping):
        raise _refusal(name, value, "it maps networks to their destination", f"write {name}={{'10.0.0.0/8': 'intra-zone'}}")
    network.check(value)
    return value


def _checked_tenant(name: str, value: Any) -> Tenant:
    if not isinstance(value, Tenant):
        raise _refusal(name, value, "it says where the tenant is found", f"write {name}=codeops.Tenant(header='x-tenant-id')")
    return value


def _refusal(name: str, value: object, why: str, fix: str) -> InvalidValue:
    return InvalidValue(f"{name} is {value!r}", why=why, fix=f"{fix}, or leave it out" if "leave it out" not in fix else fix)


def _demand_one_of(name: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise InvalidValue(f"{name} is {value!r}", why=f"known are {', '.join(known)}", fix=f"leave it out, or write {known[0]!r}")


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _pairs(text: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for word in _words(text):
        name, sign, value = word.partition("=")
        if not sign or not name.strip() or not value.strip():
            raise InvalidValue(
                f"{word!r} is not a pair", why="a name and a value are joined by =", fix="write for example region=eu-west-1"
            )
        pairs[name.strip()] = value.strip()
    return pairs


def _switch(text: str) -> bool:
    if text.lower() in {"on", "true", "1", "yes"}:
        return True
    if text.lower() in {"off", "false", "0", "no"}:
        return False
    raise InvalidValue(f"{text!r} is neither on nor off", why="a switch is on or off", fix="write on or off")


def _number(text: str) -> int:
    if not text.isdigit():
        raise InvalidValue(f"{text!r} is not a number", why="CODEOPS_MAX_ROWS counts rows", fix="write for example 2000")
    return int(text)


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "pricebook": _checked_text,
    "labels": _checked_pairs,
    "ledger": _checked_text,
    "clock": _checked_text,
    "switches": _checked_names,
    "libraries": _checked_names,
    "memory": _checked_flag,
    "tenant": _checked_tenant,
    "networks": _checked_networks,
    "breakdown": _checked_words,
    "max_rows": _checked_number,
}

_READ: dict[str, Callable[[str], object]] = {
    "pricebook": str,
    "labels": _pairs,
    "ledger": str,
    "clock": str,
    "switches": _words,
    "libraries": _words,
    "memory": _switch,
    "networks": _pairs,
    "breakdown": _words,
    "max_rows": _number,
}


def _tenant(environ: Mapping[str, str]) -> Tenant | None:
    header, claim = environ.get("CODEOPS_TENANT_HEADER"), environ.get("CODEOPS_TENANT_CLAIM")
    if not header and not claim:
        return None
    return Tenant(
        header=header or None,
        claim=claim or None,
        required=_switch(environ.get("CODEOPS_TENANT_REQUIRED") or "off"),
        domains=_words(environ.get("CODEOPS_TENANT_DOMAINS", "")),
    )

"""Which hosts may learn a request's tenant, and the header `baggage` without it for all others."""

import re
from functools import lru_cache
from typing import TypeVar
from urllib.parse import unquote_plus

from codeops.instrument import network
from codeops.instrument.tenant.setting import Tenant

__all__ = ["allow", "is_foreign", "members", "stripped"]

_Text = TypeVar("_Text", str, bytes)
_LONGEST_NAME = 253
_HOST = re.compile(r"[\w.-]+")
_LONGEST_HEADER = 8192
"""Characters; OpenTelemetry reads no longer one. Source: W3C Baggage, section 3.3.2."""

_MEMBER = r"(?:^|,)[ \t]*tenant\.id[ \t]*=[^,]*"
"""Our member, with the comma before it. Source: W3C Baggage, section 3.2, https://www.w3.org/TR/baggage/."""

_TEXT, _BYTES = re.compile(_MEMBER), re.compile(_MEMBER.encode())
_setting: Tenant | None = None
_names: frozenset[str] = frozenset()


def allow(setting: Tenant | None) -> None:
    """Sets who may learn the tenant; with None nobody has a tenant and nothing is taken out."""
    global _setting, _names  # ruff: ignore[global-statement] - one process has one way to find its tenants
    _setting = setting
    _names = frozenset(domain.lower().removeprefix("*") for domain in setting.domains) if setting else frozenset()
    _is_listed.cache_clear()


def is_foreign(host: str) -> bool:
    """Whether requests to `host` must not tell the tenant; never when no tenant is configured."""
    if _setting is None:
        return False
    return not ((len(host) <= _LONGEST_NAME and _is_listed(host)) or (_setting.internal and network.is_internal(host)))


def stripped(host: str, header: _Text | None) -> _Text | None:
    """The header `baggage` of a request to `host`: the same, or without our member for a foreign host; None if nothing is left.

    All other members stay byte for byte.
    """
    if header is None or _setting is None:
        return header
    if isinstance(header, bytes):
        return header if b"tenant.id" not in header or not is_foreign(host) else _without(_BYTES, header, b",")
    return header if "tenant.id" not in header or not is_foreign(host) else _without(_TEXT, header, ",")


def _without(member: "re.Pattern[_Text]", header: _Text, comma: _Text) -> _Text | None:
    left = member.sub(header[:0], header)
    if left[:1] == comma and header[:1] != comma:
        left = left[1:].lstrip()
    return left if left.strip() else None


def members(header: str) -> list[str]:
    """The values of our member in a header `baggage`, as they are written there; its name may be encoded."""
    if len(header) > _LONGEST_HEADER or not ("tenant.id" in header or "%" in header):
        return []
    pairs = [entry.partition("=") for entry in header.split(",")]
    return [value.strip(" \t") for name, _, value in pairs if unquote_plus(name.strip(" \t")).strip() == "tenant.id"]


@lru_cache(maxsize=2048)
def _is_listed(host: str) -> bool:
    name = network.bare(host)
    if name in _names:
        return True
    if not _HOST.fullmatch(name):
        return False
    while name:
        _, _, name = name.partition(".")
        if "." + name in _names:
            return True
    return False

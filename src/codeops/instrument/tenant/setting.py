"""Where the tenant of a request is found, and to which hosts it may be told."""

import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from codeops.core.errors import InvalidValue

__all__ = ["Tenant"]

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A header's name. Source: RFC 9110, section 5.6.2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """How `tenant.id` comes to a request: from `header`, else from `claim`, else from `call`, else from trusted baggage.

    It is a label for costs and no proof of anything: a header is what the client says, and a token is not verified.
    """

    header: str | None = None
    """A request header, such as "x-tenant-id"."""

    claim: str | None = None
    """A claim of the JSON Web Token in `Authorization: Bearer …`, such as "tenant" or, of objects, "org.id"."""

    call: Callable[[Any], str | None] | None = None
    """Asked with the ASGI scope or the WSGI environ of a request; None for no tenant."""

    required: bool = False
    """Whether a request without a tenant gets "(missing)" instead of no label."""

    domains: Sequence[str] = ()
    """Hosts that may learn the tenant: "api.example.com", or ".example.com" for all below it."""

    internal: bool = True
    """Whether internal hosts, as the setting of internal networks tells them, may learn the tenant too."""

    baggage: bool = True
    """Whether the tenant travels on to other services, as the member tenant.id of the header `baggage`."""

    trust_baggage: bool = False
    """Whether the member tenant.id of an incoming header `baggage` is believed. At the edge anybody can send one."""

    def __post_init__(self) -> None:
        for name, value in (("header", self.header), ("claim", self.claim)):
            if value is not None and (not isinstance(value, str) or not value.strip()):
                raise _refusal(name, value, f"write it as text, such as {name}='tenant'")
        if self.header is not None and not _TOKEN.fullmatch(self.header):
            raise _refusal("header", self.header, "write the header's name alone, such as header='x-tenant-id'")
        if self.call is not None and (not callable(self.call) or inspect.iscoroutinefunction(self.call)):
            raise _refusal("call", self.call, "give a plain function of the scope or environ: it is called before the application")
        if isinstance(self.domains, str):
            raise _refusal("domains", self.domains, f"write domains=({self.domains!r},)")
        for domain in self.domains:
            if not isinstance(domain, str) or not re.fullmatch(r"(\*?\.)?[\w-]+(\.[\w-]+)*", domain):
                raise _refusal("domains", domain, "write a host as 'api.example.com' or '.example.com', without scheme, port or path")


def _refusal(name: str, value: object, fix: str) -> InvalidValue:
    return InvalidValue(f"{value!r} is not a setting {name} of Tenant", why=f"{name} cannot be read from it", fix=fix)

"""The tenant of the request that a context works for."""

from collections.abc import Callable
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from codeops.core.attribute import MISSING, TENANT
from codeops.core.errors import InvalidValue
from codeops.instrument.guard import guarded
from codeops.instrument.tenant import domain
from codeops.instrument.tenant.claim import claim_of
from codeops.instrument.tenant.setting import Tenant

if TYPE_CHECKING:
    from opentelemetry.context import Context

__all__ = ["Found", "carried", "configure", "current", "current_tenant", "entered", "left", "wanted"]

_LONGEST = 128
"""Characters of a tenant; what is longer is cut."""


class Found:
    """What was found out about a request when it came in.

    `tenant` is the label, "(missing)" where one is required; `carries` goes on as baggage; `refused` are values in the
    request's own baggage that are not believed and go no further; `good` is the last baggage that was as it should be.
    """

    __slots__ = ("carries", "good", "refused", "tenant")

    def __init__(self, tenant: str | None, carries: str | None, refused: frozenset[str | None]) -> None:
        self.tenant, self.carries, self.refused = tenant, carries, refused
        self.good: object = None


_NOBODY: frozenset[str | None] = frozenset()
_setting: Tenant | None = None
_wanted: frozenset[str] = frozenset()
_key = ""
"""Under which key OpenTelemetry keeps the baggage of a context: contexts are made at each span, baggage hardly ever."""

current_tenant: ContextVar[Found | None] = ContextVar("codeops_tenant", default=None)
"""Set from the arrival of a request until its end; `current()` reads it."""


def configure(setting: Tenant | None) -> None:
    """Sets how tenants are found and whom they are told to; None ends it."""
    global _setting, _wanted  # ruff: ignore[global-statement] - one process has one way to find its tenants
    if setting is not None and not isinstance(setting, Tenant):
        raise InvalidValue(
            f"{setting!r} is not a tenant setting", why="a Tenant is needed", fix="write tenant=Tenant(header='x-tenant-id')"
        )
    _setting = setting
    names = {setting.header and setting.header.lower(), setting.claim and "authorization", "baggage"} if setting else set()
    _wanted = frozenset(name for name in names if name)
    domain.allow(setting)


def wanted() -> frozenset[str]:
    """Names of the headers that `entered` asks for, in lower case."""
    return _wanted


def current() -> str | None:
    """The tenant of the request that this context works for, "(missing)" if it lacks a required one; None for no label."""
    found = current_tenant.get()
    return found.tenant if found is not None else None


def carried(context: "Context") -> "Context":
    """An OpenTelemetry context whose baggage holds the request's tenant: the same object when there is nothing to do.

    A tenant that the program itself put into the baggage stays.
    """
    found = current_tenant.get()
    if found is None:
        return context
    if context.get(_key, found) is found.good:
        return context
    right = _put(context, found)
    if _key:
        found.good = right.get(_key, found)
    return right


def _put(context: "Context", found: Found) -> "Context":
    global _key  # ruff: ignore[global-statement]
    from opentelemetry.baggage import get_baggage, remove_baggage, set_baggage

    if not _key:
        keys = [*set_baggage(TENANT, "", type(context)())]
        _key = keys[0] if len(keys) == 1 else ""
    held = get_baggage(TENANT, context)
    if held == found.carries or (held is not None and held not in found.refused):
        return context
    return remove_baggage(TENANT, context) if found.carries is None else set_baggage(TENANT, found.carries, context)


def entered(header: Callable[[str], str | None], request: Any) -> "Token[Found | None] | None":
    """Finds the tenant of a request that came in, for this context; what it returns goes to `left` when the request has ended.

    `header` returns a header by its name in lower case; `request` is what the setting `call` is asked with.
    """
    if _setting is None:
        return None
    made: list[Found | None] = [None]
    guarded(_find, _setting, header, request, made)
    return current_tenant.set(made[-1])


def left(token: "Token[Found | None] | None") -> None:
    """Ends what `entered` began."""
    if token is not None:
        try:
            current_tenant.reset(token)
        except ValueError:  # the request ends in another context than it began in: that one ends with it
            current_tenant.set(None)


def _find(setting: Tenant, header: Callable[[str], str | None], request: Any, made: list[Found | None]) -> None:
    sent = domain.members(header("baggage") or "")
    tenant = _first(setting, header, request)
    if tenant is None and setting.trust_baggage and sent:
        tenant = _cleaned(_decoded(sent[-1].partition(";")[0]))
    carries = tenant if setting.baggage else None
    refused = frozenset(_decoded(value) for value in sent) - {carries} if sent else _NOBODY
    label = tenant or (MISSING if setting.required else None)
    if label is not None or refused:
        made.append(Found(label, carries, refused))


def _first(setting: Tenant, header: Callable[[str], str | None], request: Any) -> str | None:
    if setting.header and (tenant := _cleaned(_text(header(setting.header.lower())))):
        return tenant
    if setting.claim and (token := header("authorization")) and (tenant := _cleaned(claim_of(token, setting.claim))):
        return tenant
    if setting.call is None:
        return None
    answer: list[Any] = [None]
    guarded(lambda call: answer.append(call(request)), setting.call)
    return _cleaned(answer[-1] if isinstance(answer[-1], str) or answer[-1] is None else str(answer[-1]))


def _text(value: str | None) -> str | None:
    """A header's value as its sender meant it: servers hand over each byte as one character."""
    if not value or value.isascii():
        return value
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value


def _decoded(value: str) -> str:
    """As OpenTelemetry's propagator hands it over, so that it is recognised there: with its properties, if it has any."""
    return unquote_plus(value).strip()


def _cleaned(value: str | None) -> str | None:
    """Fit for a label: without control characters and blanks around it, and not too long; None if nothing is left."""
    if not value:
        return None
    kept = value[: 4 * _LONGEST]
    if not kept.isprintable():
        kept = "".join(sign for sign in kept if sign.isprintable())
    return kept.strip()[:_LONGEST].strip() or None

"""Which owner a span has, which span a context has, and where a borrowed owner began."""

from contextvars import ContextVar
from typing import Any

from opentelemetry.context import Context
from opentelemetry.trace import get_current_span

__all__ = ["BORROWED", "owner_in", "owner_of", "set_owner"]

_OWNER = "_codeops_owner"
"""The attribute of a span object under which its owner is kept."""

BORROWED: "ContextVar[list[Any] | None]" = ContextVar("codeops_borrowed", default=None)
"""The owner that work was given together with, and the context that was current when that work began; empty once it is done."""


def owner_of(span: Any) -> Any:
    """The owner of a span, None for a span of which we saw no start."""
    return getattr(span, _OWNER, None)


def set_owner(span: Any, owner: Any) -> None:
    """Remembers the owner with the span."""
    setattr(span, _OWNER, owner)


def owner_in(context: Context) -> Any:
    """The owner of the innermost span of `context`.

    Work that was handed to a thread has an owner without a span in its context: it is the owner again as soon as
    the context is the one that the work began with.
    """
    borrowed = BORROWED.get()
    if borrowed and borrowed[1] is context:
        return borrowed[0]
    return getattr(get_current_span(context), _OWNER, None)

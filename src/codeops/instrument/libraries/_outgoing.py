"""What the HTTP clients share: how a host is labelled, and that it learns no tenant that is none of its business."""

from typing import TypeVar

from codeops.instrument import network, tenant
from codeops.instrument.guard import guarded

__all__ = ["baggage", "labels"]

_Text = TypeVar("_Text", str, bytes)


def labels(host: str) -> dict[str, str]:
    """The host, and the `destination` of traffic to it where that is not the internet."""
    return {"host": host, **network.labels_of(host)}


def baggage(host: str, value: _Text) -> _Text | None:
    """The value of the header `baggage` that `host` may have; None for none, also when we fail to tell."""
    kept: list[_Text | None] = []
    guarded(lambda: kept.append(tenant.stripped(host, value)))
    return kept[0] if kept else None

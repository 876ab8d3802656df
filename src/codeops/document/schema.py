"""JSON Schemas of the files that people and programs exchange with CodeOps: their head, and how decimals are spelled."""

from collections.abc import Mapping
from decimal import Decimal
from inspect import cleandoc
from types import MappingProxyType
from typing import Any

__all__ = ["NUMBER", "publish"]

NUMBER: Mapping[str, Any] = MappingProxyType({"type": "number"})
"""How a decimal stands in files that CodeOps writes."""

_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def publish(made: Mapping[str, Any], title: str, decimal: Mapping[str, Any] = NUMBER) -> dict[str, Any]:
    """The schema `made` by msgspec with its head, and with `decimal` where msgspec asks for the text of a decimal."""
    return {"$schema": _DRAFT, "title": title, **_spelled(dict(made), decimal)}


def _spelled(part: Any, decimal: Mapping[str, Any]) -> Any:
    if isinstance(part, list):
        return [_spelled(element, decimal) for element in part]
    if isinstance(part, Decimal):
        return float(part)
    if isinstance(part, str):
        return cleandoc(part)  # docstrings are indented in the source; Python 3.13 takes that away, older ones do not
    if not isinstance(part, dict):
        return part
    if part.get("format") == "decimal":
        return {**decimal, **{key: _spelled(value, decimal) for key, value in part.items() if key not in {"type", "format"}}}
    return {key: _spelled(value, decimal) for key, value in part.items()}

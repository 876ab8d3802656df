"""The shape of snapshot files, made from the dataclasses: for reading them, and as the published JSON Schema.

`python -m codeops.bench.schema > src/codeops/schemas/snapshot.schema.json` writes the schema anew.
"""

import dataclasses
import sys
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec

from codeops.core.snapshot import RouteUsage, Snapshot

__all__ = ["listed", "shape", "spell"]

_ID = "https://codeops.dev/schemas/snapshot.schema.json"


@cache
def shape(kind: type) -> type[msgspec.Struct]:
    """A type of the same fields as the dataclass `kind` that is decoded from a file; unknown fields are skipped."""
    hints = get_type_hints(kind)
    fields = [(field.name, _shaped(hints[field.name]), _default(field)) for field in dataclasses.fields(kind)]
    return msgspec.defstruct(
        kind.__name__,
        [field[:2] if field[2] is dataclasses.MISSING else field for field in fields],
        kw_only=True,
        namespace={"__doc__": (kind.__doc__ or "").split("\n", 1)[0]},
    )


def _default(field: "dataclasses.Field[Any]") -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return msgspec.field(default_factory=field.default_factory)
    return field.default


def _shaped(hint: Any) -> Any:
    origin = get_origin(hint)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return shape(hint)
    if hint is int:
        return Annotated[int, msgspec.Meta(ge=0)]
    if origin in {Union, UnionType}:
        return Union[tuple(_shaped(part) for part in get_args(hint))]  # ruff: ignore[non-pep604-annotation-union] - made of a tuple
    if origin is tuple:
        return tuple[_shaped(get_args(hint)[0]), ...]  # type: ignore[misc]
    if origin in {dict, Mapping} or origin is Mapping:
        return dict[get_args(hint)[0], _shaped(get_args(hint)[1])]  # type: ignore[misc]
    return hint


@cache
def listed() -> type[msgspec.Struct]:
    """A route in the form of a list, in which each one says its own name."""
    return msgspec.defstruct("ListedRoute", [("route", str)], bases=(shape(RouteUsage),), kw_only=True)


def spell() -> dict[str, Any]:
    """The JSON Schema of a snapshot file as it is written."""
    made = msgspec.json.schema(shape(Snapshot))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": _ID, **_as_numbers(made)}


def _as_numbers(node: Any) -> Any:
    """Decimals are JSON numbers in the file, zero or more; msgspec takes them for texts."""
    if isinstance(node, list):
        return [_as_numbers(part) for part in node]
    if not isinstance(node, dict):
        return node
    if node.get("format") == "decimal":
        return {"type": "number", "minimum": 0, **{name: value for name, value in node.items() if name not in {"type", "format"}}}
    return {name: _as_number_default(name, _as_numbers(value)) for name, value in node.items()}


def _as_number_default(name: str, value: Any) -> Any:
    return float(value) if name == "default" and isinstance(value, Decimal) else value


if __name__ == "__main__":
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(spell()), indent=2).decode() + "\n")

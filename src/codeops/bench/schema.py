"""The shape of snapshot files, made from the dataclasses: for reading them, and as the published JSON Schema."""

import dataclasses
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec

from codeops.core.snapshot import RouteUsage, Snapshot
from codeops.document.schema import publish

__all__ = ["amounts", "listed", "shape", "spell"]

_NUMBER = {"type": "number", "minimum": 0}
_AMOUNT = Annotated[Any, msgspec.Meta(extra_json_schema=_NUMBER)]
"""A decimal: Any, because msgspec would take a text for one as well; the reader checks it (`amounts`)."""

_OPTIONAL_AMOUNT = Annotated[Any, msgspec.Meta(extra_json_schema={**_NUMBER, "type": ["number", "null"]})]


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


def amounts(value: msgspec.Struct) -> list[str]:
    """The fields of a value of some `shape` that hold amounts."""
    return [field.name for field in msgspec.structs.fields(value) if field.type in {_AMOUNT, _OPTIONAL_AMOUNT}]


def _default(field: "dataclasses.Field[Any]") -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return msgspec.field(default_factory=field.default_factory)
    return int(field.default) if isinstance(field.default, Decimal) else field.default


def _shaped(hint: Any) -> Any:
    """The type of a field as it is decoded: of amounts, whole numbers, dataclasses and whatever holds them."""
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return shape(hint)
    if hint is Decimal:
        return _AMOUNT
    if hint is int:
        return Annotated[int, msgspec.Meta(ge=0)]
    return _holding(hint, get_origin(hint), get_args(hint))


def _holding(hint: Any, origin: Any, inside: tuple[Any, ...]) -> Any:
    if origin in {Union, UnionType}:
        return _OPTIONAL_AMOUNT if Decimal in inside else Union[tuple(map(_shaped, inside))]  # ruff: ignore[non-pep604-annotation-union] - made of a tuple
    if origin is tuple:
        return tuple.__class_getitem__((_shaped(inside[0]), ...))
    if origin in {Mapping, dict}:
        return dict.__class_getitem__((inside[0], _shaped(inside[1])))
    return hint


@cache
def listed() -> type[msgspec.Struct]:
    """A route in the form of a list, in which each one says its own name."""
    return msgspec.defstruct("ListedRoute", [("route", str)], bases=(shape(RouteUsage),), kw_only=True)


def spell() -> dict[str, Any]:
    """The JSON Schema of a snapshot file as it is written."""
    return publish(msgspec.json.schema(shape(Snapshot)), "CodeOps snapshot")

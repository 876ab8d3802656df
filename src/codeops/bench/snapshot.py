"""Snapshot files: written so that their diff reads well, read in the full and in the simple form."""

import dataclasses
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from codeops.core.errors import DuplicateKey, InvalidValue
from codeops.core.snapshot import SNAPSHOT_SCHEMA, RouteUsage, Snapshot, SnapshotMeta
from codeops.document import Document, parse, write
from codeops.document import decode as decode_part
from codeops.document import read as read_text
from codeops.document.position import Keys, spell

__all__ = ["decode", "encode", "load", "save"]


def load(path: str) -> Snapshot:
    """The snapshot in the file `path`.

    Raises: UnreadableFile, MalformedFile, DuplicateKey; InvalidValue for what no measurement yields, with its line.
    """
    return _decode(parse(read_text(path), path))


def decode(data: bytes, path: str) -> Snapshot:
    """The snapshot that the bytes of a JSON file spell; `path` is for messages.

    Raises: MalformedFile, DuplicateKey, InvalidValue.
    """
    return _decode(parse(data.decode("utf-8", "replace"), path))


def encode(snapshot: Snapshot) -> bytes:
    """The file's content: routes sorted, numbers as JSON numbers, and nothing that is only a default."""
    import msgspec

    plain = {
        "meta": {"schema": snapshot.meta.schema, **_plain(snapshot.meta)},
        "routes": {name: _plain(snapshot.routes[name]) for name in sorted(snapshot.routes)},
    }
    encoded = msgspec.json.Encoder(decimal_format="number").encode(plain)
    return msgspec.json.format(encoded, indent=2) + b"\n"


def save(snapshot: Snapshot, path: str) -> None:
    """Writes `path` whole or not at all, folders included.

    Raises: UnreadableFile when it cannot be written.
    """
    write(path, encode(snapshot))


def _plain(value: Any) -> Any:
    """A value as JSON holds it, without fields that are None or at their default."""
    if dataclasses.is_dataclass(value):
        shown = ((field, getattr(value, field.name)) for field in dataclasses.fields(value))
        return {field.name: _plain(inner) for field, inner in shown if inner is not None and not _is_default(field, inner)}
    if isinstance(value, Mapping):
        return {name: _plain(value[name]) for name in sorted(value)}
    if isinstance(value, tuple | list):
        return [_plain(inner) for inner in value]
    return value


def _is_default(field: "dataclasses.Field[Any]", value: object) -> bool:
    if field.default_factory is not dataclasses.MISSING:
        return bool(value == field.default_factory())
    return bool(value == field.default)


def _decode(document: Document) -> Snapshot:
    meta = _meta(document)
    routes: dict[str, RouteUsage] = {}
    for name, keys in _routes(document):
        if name in routes:
            raise DuplicateKey(
                f"route {name} stands twice",
                why="one of the two would be lost",
                fix="remove or rename one of them",
                location=document.locate(*keys),
            )
        routes[name] = _value(document, RouteUsage, *keys)
    return Snapshot(meta=meta, routes=routes)


def _meta(document: Document) -> SnapshotMeta:
    if "meta" not in document.data:
        return SnapshotMeta()
    meta: SnapshotMeta = _value(document, SnapshotMeta, "meta")
    if meta.schema > SNAPSHOT_SCHEMA:
        raise InvalidValue(
            f"the snapshot has schema {meta.schema}, which this CodeOps does not know",
            why=f"it was written by codeops {meta.codeops or 'of a later version'}; known are schemas up to {SNAPSHOT_SCHEMA}",
            fix="pip install --upgrade codeops, or measure again with this one",
            location=document.locate("meta", "schema"),
        )
    return meta


def _routes(document: Document) -> Iterator[tuple[str, Keys]]:
    """Name and place of each route, from a mapping of names or from a list of objects with `route`."""
    from codeops.bench.schema import listed

    routes = document.data.get("routes")
    if isinstance(routes, Mapping):
        for name in routes:
            yield name, ("routes", name)
    elif isinstance(routes, list):
        for number in range(len(routes)):
            name = decode_part(document, listed(), "routes", number).route  # type: ignore[attr-defined]
            yield name, ("routes", number)
    else:
        raise InvalidValue(
            f"{document.path} holds no routes",
            why=f"routes is {'missing' if routes is None else 'a ' + type(routes).__name__}",
            fix='write "routes": {"/v1/report": {"cpu_s": 0.012}}, or name a snapshot of codeops bench',
            location=document.locate("routes"),
        )


def _value(document: Document, kind: Any, *keys: str | int) -> Any:
    import msgspec

    from codeops.bench.schema import shape

    read = decode_part(document, shape(kind), *keys)
    _demand_amounts(read, keys, document)
    return msgspec.convert(read, kind, from_attributes=True)


def _demand_amounts(value: object, keys: Keys, document: Document) -> None:
    """`InvalidValue` for an amount that is no number or below zero, at any depth."""
    import msgspec

    from codeops.bench.schema import amounts

    if isinstance(value, msgspec.Struct):
        for name in amounts(value):
            _demand_amount(getattr(value, name), (*keys, name), document)
        for name in value.__struct_fields__:
            _demand_amounts(getattr(value, name), (*keys, name), document)
    elif isinstance(value, tuple):
        for number, inner in enumerate(value):
            _demand_amounts(inner, (*keys, number), document)


def _demand_amount(value: object, keys: Keys, document: Document) -> None:
    if value is None or (isinstance(value, int | Decimal) and not isinstance(value, bool) and value >= 0):
        return
    raise InvalidValue(
        f"{spell(keys)} is {value!s:.60}",
        why="an amount that was measured is a number, zero or more",
        fix="measure the route again, or correct the number",
        location=document.locate(*keys),
    )

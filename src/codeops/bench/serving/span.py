"""Spans as OTLP carries them over HTTP, in protocol buffers or JSON: what of them tells usage.

Source: opentelemetry-proto, `trace/v1/trace.proto` and `common/v1/common.proto`; OTLP specification, "JSON Protobuf Encoding";
read 2026-11-26.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from codeops.bench.serving.wire import fields

__all__ = ["CLIENT", "Span", "parse_json", "parse_protobuf"]

CLIENT = 3
"""The kind of a span around a call to somebody else."""

_KINDS = ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One span that has ended; ids are in hexadecimal, `parent` is empty for a root."""

    trace: str
    id: str
    parent: str = ""
    name: str = ""
    kind: int = 0
    attributes: Mapping[str, Any] = field(default_factory=dict)


def parse_protobuf(body: bytes) -> list[Span]:
    """The spans of an `ExportTraceServiceRequest`.

    Raises: ValueError when it is none.
    """
    return [
        _span(span)
        for resource in _messages(body, 1)
        for scope in _messages(resource, 2)
        for span in _messages(scope, 2)
    ]  # fmt: skip


def parse_json(body: bytes) -> list[Span]:
    """The spans of an `ExportTraceServiceRequest` in JSON.

    Raises: ValueError when it is none.
    """
    try:
        data = msgspec.json.decode(body)
        return [
            _span_of_json(span)
            for resource in data.get("resourceSpans", ())
            for scope in resource.get("scopeSpans", ())
            for span in scope.get("spans", ())
        ]
    except (msgspec.DecodeError, AttributeError, KeyError, TypeError) as problem:
        raise ValueError(str(problem)) from problem


def _messages(data: bytes, number: int) -> Iterator[bytes]:
    for found, value in fields(data):
        if found == number:
            if not isinstance(value, bytes):
                raise ValueError(f"field {number} is a number where a message belongs")
            yield value


def _span(data: bytes) -> Span:
    plain: dict[int, Any] = {}
    attributes: dict[str, Any] = {}
    for number, value in fields(data):
        if number == 9 and isinstance(value, bytes):
            pair = dict(fields(value))
            attributes[_text(pair.get(1, b""))] = _value(pair.get(2, b""))
        else:
            plain[number] = value
    ids = [_bytes(plain.get(number, b"")).hex() for number in (1, 2, 4)]
    return Span(
        trace=ids[0],
        id=ids[1],
        parent=ids[2].strip("0") and ids[2],
        name=_text(plain.get(5, b"")),
        kind=int(plain.get(6, 0)),
        attributes=attributes,
    )


def _value(data: int | bytes) -> Any:
    for number, value in fields(_bytes(data)):
        match number:
            case 1:
                return _text(value)
            case 2:
                return bool(value)
            case 3 if isinstance(value, int):
                return value - (1 << 64) if value >> 63 else value
            case 4:
                return struct.unpack("<d", _bytes(value))[0]
            case 5:
                return [_value(one) for one in _messages(_bytes(value), 1)]
    return None


def _bytes(value: object) -> bytes:
    if not isinstance(value, bytes):
        raise ValueError(f"{value!r} is a number where bytes belong")  # ruff: ignore[type-check-without-type-error] - the text is wrong
    return value


def _text(value: object) -> str:
    return _bytes(value).decode("utf-8", "replace")


def _span_of_json(data: dict[str, Any]) -> Span:
    kind = data.get("kind", 0)
    parent = data.get("parentSpanId") or ""
    return Span(
        trace=data["traceId"].lower(),
        id=data["spanId"].lower(),
        parent=parent.strip("0") and parent.lower(),
        name=data.get("name", ""),
        kind=kind if isinstance(kind, int) else _KINDS.index(kind.removeprefix("SPAN_KIND_")),
        attributes={pair["key"]: _value_of_json(pair.get("value") or {}) for pair in data.get("attributes", ())},
    )


def _value_of_json(data: dict[str, Any]) -> Any:
    for name, value in data.items():
        match name:
            case "stringValue" | "boolValue":
                return value
            case "intValue":
                return int(value)
            case "doubleValue":
                return float(value)
            case "arrayValue":
                return [_value_of_json(one) for one in value.get("values", ())]
    return None

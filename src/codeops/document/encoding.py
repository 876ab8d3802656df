"""JSON as CodeOps writes it: decimals as exact numbers, indented, in any text that a file can hold."""

from decimal import Decimal
from typing import Any

import msgspec

__all__ = ["encode"]


def encode(value: object) -> str:
    """`value` (of dataclasses, mappings, sequences, `Decimal`) as JSON with one item a line."""
    plain = _writable(msgspec.to_builtins(value, builtin_types=(Decimal,)))
    data = msgspec.json.Encoder(decimal_format="number").encode(plain)
    return msgspec.json.format(data, indent=2).decode() + "\n"


def _writable(value: Any) -> Any:
    """`value` without what JSON cannot hold: endless numbers, and the lone surrogates that odd file names leave behind."""
    if isinstance(value, Decimal):
        return value if value.is_finite() else None
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_writable(key): _writable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_writable(item) for item in value]
    return value

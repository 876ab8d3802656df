"""Protocol buffers as they stand on the wire: the fields of a message, without a schema.

Source: protobuf.dev, "Encoding", read 2026-11-26.
"""

import struct
from collections.abc import Iterator

__all__ = ["fields"]

_VARINT, _I64, _LEN, _I32 = 0, 1, 2, 5


def fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Number and value of each field: a varint as an int, eight and four bytes and what has a length as bytes.

    Raises: ValueError when it is no message.

    Example:
        >>> list(fields(bytes([0x08, 0x96, 0x01, 0x12, 0x02, 0x68, 0x69])))
        [(1, 150), (2, b'hi')]
    """
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        if key & 7 == _VARINT:
            value, at = _varint(data, at)
            yield key >> 3, value
            continue
        size, at = _size(data, at, key & 7)
        if at + size > len(data):
            raise ValueError(f"field {key >> 3} ends after the message")
        yield key >> 3, data[at : at + size]
        at += size


def _size(data: bytes, at: int, kind: int) -> tuple[int, int]:
    if kind == _LEN:
        return _varint(data, at)
    if kind in {_I64, _I32}:
        return struct.calcsize("<q" if kind == _I64 else "<i"), at
    raise ValueError(f"wire type {kind} is not known")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data) and shift < 64:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
    raise ValueError("a number is cut off")

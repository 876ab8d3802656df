"""Decoding: data of a document to the types that expect it, and which key of which line does not fit."""

import re
from difflib import get_close_matches
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import msgspec

from codeops.core.errors import FileError, InvalidValue, UnknownKey
from codeops.document.position import Keys, spell
from codeops.document.reading import Document

__all__ = ["decode"]

_T = TypeVar("_T")
_PLACE = re.compile(r" - at `(?:key in )?\$?(?P<path>.*)`$", re.DOTALL)
_STEP = re.compile(r"\.(?P<name>[^.\[\]]+)|\[(?P<index>\d+)\]|\[(?P<any>\.\.\.)\]")
_WORDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "decimal": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
    "null": "nothing",
    "date": "a date",
    "datetime": "a date with time",
}
_FIXES = {
    "decimal": 'write a number, in quotes: "0.04"',
    "[A-Z]{3}": "write three capital letters, for example USD",
    "date": "write a date, for example 2026-11-01",
    "length >= 1": "write at least one, or leave the key out",
}
"""What mends a value of the right type, by a word of msgspec's message about it."""


def decode(document: Document, into: type[_T], *keys: str | int) -> _T:
    """The part of `document` at `keys` as a value of type `into`.

    Raises: UnknownKey with the nearest known name, InvalidValue; both with file and line.
    """
    try:
        return msgspec.convert(_at(document, keys), into)
    except msgspec.ValidationError as problem:
        raise _explain(str(problem), document, into, keys) from problem


def _at(document: Document, keys: Keys) -> Any:
    data: Any = document.data
    for key in keys:
        data = data[key]
    return data


def _explain(message: str, document: Document, into: object, keys: Keys) -> FileError:
    match = _PLACE.search(message)
    text = message[: match.start()] if match else message
    inner, kind, value = _follow(match["path"] if match else "", into, _at(document, keys))
    way = keys + inner
    if unknown := re.fullmatch(r"Object contains unknown field `(?P<name>.*)`", text, re.DOTALL):
        return _unknown(unknown["name"], way, kind, document)
    if missing := re.fullmatch(r"Object missing required field `(?P<name>.*)`", text):
        return InvalidValue(
            f"{spell(way) or document.path} has no {missing['name']}",
            why=f"{missing['name']} is required here",
            fix=f"add {missing['name']}",
            location=document.locate(*way),
        )
    title = f"{spell(way) or document.path} cannot be used"
    if mismatch := re.fullmatch(r"Expected `(?P<wanted>.*)`, got `(?P<given>.*)`", text):
        wanted = " or ".join(_WORDS.get(word, word) for word in mismatch["wanted"].split(" | ") if word != "null")
        given = _WORDS.get(mismatch["given"], mismatch["given"])
        hint = ', in quotes: "…"' if wanted == "text" and not isinstance(value, dict | list) else ""
        return InvalidValue(
            title, why=f"{wanted} is expected, {given} is given", fix=f"write {wanted}{hint}", location=document.locate(*way)
        )
    shown = f"{value!s:.60}"
    fix = next((fix for word, fix in _FIXES.items() if word in text), "write a value that fits")
    return InvalidValue(title, why=f"{shown!r}: {text[:1].lower()}{text[1:]}", fix=fix, location=document.locate(*way))


def _unknown(name: str, way: Keys, kind: object, document: Document) -> UnknownKey:
    known = sorted(_fields(kind))
    near = get_close_matches(name, known, 1)
    return UnknownKey(
        f"{spell((*way, name))} is not a key that CodeOps knows",
        why=f"known here are {', '.join(known)}",
        fix=f"write {near[0]}, if that is meant" if near else "remove it",
        location=document.locate(*way, name),
    )


def _follow(path: str, kind: object, data: Any) -> tuple[Keys, object, Any]:
    """The keys that msgspec's `path` stands for, the type expected there, and the value found."""
    way: Keys = ()
    for step in _STEP.finditer(path):
        kind = _plain(kind, data)
        if step["any"]:
            inside = get_args(kind)[-1]
            key: str | int = next(name for name, value in data.items() if not _fits(value, inside))
            kind = inside
        elif step["index"]:
            key, kind = int(step["index"]), (get_args(kind) or (object,))[0]
        else:
            key = step["name"]
            kind = _fields(kind)[key]
        way += (key,)
        data = data[key]
    return way, _plain(kind, data), data


def _plain(kind: object, data: object) -> object:
    """The member of a union, or the type under annotations, that `data` was read as."""
    if get_origin(kind) is Annotated:
        return _plain(get_args(kind)[0], data)
    if get_origin(kind) in {Union, UnionType}:
        wanted: tuple[type, ...] = (dict, msgspec.Struct) if isinstance(data, dict) else (list, tuple) if isinstance(data, list) else ()
        members = [member for member in get_args(kind) if member is not NoneType]
        return next((_plain(member, data) for member in members if _is_like(member, wanted)), members[0])
    return kind


def _is_like(kind: object, wanted: tuple[type, ...]) -> bool:
    plain = get_origin(kind) or kind
    return isinstance(plain, type) and issubclass(plain, wanted)


def _fields(kind: Any) -> dict[str, object]:
    return {field.encode_name: field.type for field in msgspec.structs.fields(kind)}


def _fits(value: object, kind: Any) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True

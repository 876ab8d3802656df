"""The report as JSON, the form that everything else reads: schema, writing and reading (docs/report.md)."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from codeops.core.errors import InvalidValue, MalformedFile
from codeops.core.location import Location
from codeops.core.report import REPORT_SCHEMA, Report
from codeops.document.encoding import encode
from codeops.document.schema import publish

__all__ = ["SUFFIX", "parse", "render", "schema"]

SUFFIX = ".json"
"""The ending of files in this format."""

_EXPONENTS = range(-100, 31)  # decimal places of the first digit; beyond them a figure would fill a page with zeros
_T = TypeVar("_T")
_FIX = "write the report again with --format json, or upgrade CodeOps"


class _Head(msgspec.Struct):
    schema: int


def render(report: Report) -> str:
    """The report as JSON: every field, money as exact numbers."""
    return encode(report)


def parse(text: str, path: str) -> Report:
    """The report that `text`, the content of `path`, holds; fields that are not known are left out.

    Raises: MalformedFile for text that is not JSON; InvalidValue for a newer schema, a wrong shape or an absurd number.
    """
    version = _decoded(text, path, _Head).schema
    if not 1 <= version <= REPORT_SCHEMA:
        raise InvalidValue(
            f"schema {version} of the report is not known",
            why=f"this CodeOps reads the schemas 1 to {REPORT_SCHEMA}",
            fix="upgrade CodeOps, or render the report with the version that wrote it",
            location=Location(path),
        )
    report = _decoded(text, path, Report)
    for place, number in _numbers(msgspec.to_builtins(report, builtin_types=(Decimal,)), "$"):
        if not number.is_finite() or number.adjusted() not in _EXPONENTS:
            raise InvalidValue(
                "the report holds a number that no figure can be",
                why=f"{place} is {number}",
                fix=_FIX,
                location=Location(path),
            )
    return report


def schema() -> dict[str, Any]:
    """The JSON Schema of a report as it is written: decimals are numbers."""
    return publish(msgspec.json.schema(Report), "CodeOps report")


def _decoded(text: str, path: str, into: type[_T]) -> _T:
    try:
        return msgspec.json.decode(text, type=into)
    except msgspec.ValidationError as problem:
        raise InvalidValue("this is not a report of CodeOps", why=str(problem), fix=_FIX, location=Location(path)) from problem
    except (msgspec.DecodeError, RecursionError, UnicodeError) as problem:
        raise MalformedFile("the report is not JSON", why=str(problem), fix=_FIX, location=Location(path)) from problem


def _numbers(value: object, place: str) -> Iterator[tuple[str, Decimal]]:
    if isinstance(value, Decimal | int):
        yield place, Decimal(value)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _numbers(item, f"{place}.{key}")
    elif isinstance(value, list | tuple):
        for position, item in enumerate(value):
            yield from _numbers(item, f"{place}[{position}]")

"""The project's waivers: `cost/waivers.toml`, read and checked, each with its line."""

import os
import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from codeops.core.errors import DuplicateKey, InvalidValue
from codeops.core.waiver import Ceiling, Waiver
from codeops.document import Document, decode
from codeops.document import load as load_document
from codeops.document.amount import money, ratio
from codeops.document.schema import publish

__all__ = ["load", "schema"]

_KINDS = {"per 1k": "per_1k", "per unit": "per_unit", "a month": "monthly_increase"}
_SPELLED = re.compile(rf"(?P<money>.+?)\s+(?P<per>{'|'.join(_KINDS)})\s*")


class _Waiver(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    reason: str
    owner: str
    until: date
    route: str = ""
    rule: str = ""
    ceiling: str = ""


class _File(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    waiver: list[_Waiver] = []


def load(path: str, root: str) -> tuple[Waiver, ...]:
    """The waivers in the file `path` of the project in the folder `root`, in its order; none where there is no such file.

    Raises: UnreadableFile, MalformedFile, UnknownKey, InvalidValue; DuplicateKey for two waivers of the same.
    """
    if not Path(path).exists():
        return ()
    document = load_document(path)
    found: dict[tuple[str, str], Waiver] = {}
    for number, written in enumerate(decode(document, _File).waiver):
        waiver = _waiver(written, number, document, os.path.relpath(path, root))
        twin = found.get((waiver.route, waiver.rule))
        if twin is not None:
            raise DuplicateKey(
                f"{waiver.about} is waived twice",
                why=f"{twin.location} waives it until {twin.until}, this one until {waiver.until}",
                fix="keep one of the two",
                location=document.locate("waiver", number),
            )
        found[waiver.route, waiver.rule] = waiver
    return tuple(found.values())


def schema() -> dict[str, Any]:
    """The JSON Schema of `cost/waivers.toml`, for editors."""
    return publish(msgspec.json.schema(_File), "CodeOps waivers")


def _waiver(written: _Waiver, number: int, document: Document, shown: str) -> Waiver:
    place = ("waiver", number)
    for name in ("reason", "owner"):
        if not getattr(written, name).strip():
            raise InvalidValue(
                f"waiver[{number}].{name} is empty",
                why="whoever meets the waiver later must know why it is there and whom to ask",
                fix=f"write the {name}",
                location=document.locate(*place, name),
            )
    if not (written.route or written.rule):
        raise InvalidValue(
            f"waiver[{number}] names neither route nor rule",
            why="it would waive everything, and there would be no gate",
            fix='write route = "/v1/report", route = "/v1/*" or rule = "monthly-increase"',
            location=document.locate(*place),
        )
    return Waiver(
        route=written.route,
        rule=written.rule,
        reason=written.reason.strip(),
        owner=written.owner.strip(),
        until=written.until,
        ceiling=_ceiling(written.ceiling, number, document) if written.ceiling else None,
        location=replace(document.locate(*place), path=shown),
    )


def _ceiling(text: str, number: int, document: Document) -> Ceiling:
    share, spelled = ratio(text), _SPELLED.fullmatch(text)
    if share is not None:
        return Ceiling(kind="regression", amount=share)
    amount = money(spelled["money"]) if spelled else None
    if spelled is None or amount is None:
        raise InvalidValue(
            f"waiver[{number}].ceiling is {text!r}",
            why="a ceiling is a percentage of the base cost, or money per 1k requests, per unit of a job, or a month",
            fix='write "12 %", "0.50 USD per 1k", "0.02 USD per unit" or "200 USD a month"',
            location=document.locate("waiver", number, "ceiling"),
        )
    return Ceiling(kind=_KINDS[spelled["per"]], amount=amount.amount, currency=amount.currency)

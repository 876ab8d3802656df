"""Files: which one holds for a folder, and how it becomes a `Config`."""

from pathlib import Path
from typing import Any

import msgspec

from codeops.config import amounts, tables
from codeops.config.limits import budget_of
from codeops.config.origin import Origin
from codeops.config.suite import suite_of
from codeops.config.value import Config
from codeops.core.errors import UnreadableFile
from codeops.document import Document, decode
from codeops.document import load as load_document
from codeops.document.schema import publish

__all__ = ["CONFIG_NAME", "find", "load", "schema"]

CONFIG_NAME = "codeops.toml"
"""The file that is looked for from the current folder upwards; `[tool.codeops]` in `pyproject.toml` serves as well."""


def find(start: str) -> str | None:
    """The configuration file that holds for the folder `start`: its own or the nearest of its parents'."""
    for folder in (Path(start).resolve(), *Path(start).resolve().parents):
        if (folder / CONFIG_NAME).is_file():
            return str(folder / CONFIG_NAME)
        project = folder / "pyproject.toml"
        if project.is_file() and _table(load_document(str(project))) is not None:
            return str(project)
    return None


def load(path: str | None, start: str) -> Config:
    """The configuration in `path`, or in the nearest file from the folder `start` upwards.

    Raises: UnreadableFile when there is none; UnknownKey, InvalidValue, MalformedFile for what it holds.
    """
    found = path or find(start)
    if found is None:
        raise UnreadableFile(
            f"there is no {CONFIG_NAME} here",
            why=f"neither {start} nor a folder above it has {CONFIG_NAME} or a pyproject.toml with [tool.codeops]",
            fix="codeops init",
        )
    return _config(Origin(load_document(found)))


def schema() -> dict[str, Any]:
    """The JSON Schema of `codeops.toml`, for editors."""
    return publish(msgspec.json.schema(tables.File), "CodeOps configuration")


def _table(document: Document) -> object:
    tool = document.data.get("tool")
    return tool.get("codeops") if isinstance(tool, dict) else None


def _config(origin: Origin) -> Config:
    file, root = decode(origin.document, tables.File, *origin.keys), origin.root
    return Config(
        path=origin.document.path,
        root=str(root),
        pricebook=str(root / file.pricebook),
        baseline=str(root / file.baseline),
        waivers=str(root / file.waivers),
        cost_map=str(root / file.cost_map),
        labels=file.labels,
        suite=suite_of(origin, file.bench),
        budget=budget_of(origin, file),
        traffic=file.traffic,
        inconclusive=file.inconclusive,
        counter=file.bench.counter,
        time_budget_s=amounts.duration_s(origin, file.bench.time_budget, "bench", "time_budget"),
    )

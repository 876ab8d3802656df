"""Lock files: which version of each package a project asks for, whatever tool wrote it down.

Read: uv.lock, poetry.lock, pdm.lock, pylock.toml (PEP 751), Pipfile.lock, and the pinned lines of requirements files.
Source: what uv 0.13.9 writes for the first and the fourth, the documentation of the others; read 2026-11-26.
"""

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codeops.core.errors import MalformedFile
from codeops.core.location import Location
from codeops.document import read as read_document

__all__ = ["Pin", "find", "load", "normalised"]

_LIMIT_BYTES = 64 * 2**20
_TABLES = ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml")
_PATTERNS = (*_TABLES, "pylock.*.toml", "Pipfile.lock", "requirements*.txt", "requirements/*.txt")
_LINE = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*(?:===?\s*(?P<version>[^\s;#,\\]+)|@\s*(?P<url>[^\s;#\\]+))(?P<rest>.*)"
)
_HASH = re.compile(r"(?:sha256|sha384|sha512):[0-9a-f]{64,128}")
_LOCAL = ("editable", "virtual", "directory", "path")


@dataclass(frozen=True, slots=True)
class Pin:
    """One package at one version.

    `requirement` is how pip is told: `name==version`, or `name @ url` for what comes from a repository. `hashes` are those of its
    files, empty where the lock file has none.
    """

    name: str
    version: str
    requirement: str
    hashes: frozenset[str] = frozenset()


def normalised(name: str) -> str:
    """The one spelling of a package's name that all others are equal to (PEP 503).

    Example:
        >>> normalised("Flask_SQLAlchemy")
        'flask-sqlalchemy'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def find(folder: str, top: str) -> list[Path]:
    """The lock files of a project: those in its folder, else in the nearest one above it that has any, up to `top`."""
    place, last = Path(folder).resolve(), Path(top).resolve()
    while True:
        found = sorted({path for pattern in _PATTERNS for path in place.glob(pattern) if path.is_file()})
        if found or place in {last, place.parent}:
            return found
        place = place.parent


def load(paths: Iterable[Path]) -> dict[str, tuple[Pin, ...]]:
    """All pins of these lock files by normalised name; several where a lock file has one for each of several platforms.

    The project's own packages are not among them: they are code of the tree.

    Raises: UnreadableFile, MalformedFile.
    """
    found: dict[str, dict[str, Pin]] = {}
    for path in paths:
        for pin in _pins(path):
            found.setdefault(pin.name, {}).setdefault(pin.requirement, pin)
    return {name: tuple(pins.values()) for name, pins in sorted(found.items())}


def _pins(path: Path) -> Iterator[Pin]:
    text = read_document(str(path), limit_bytes=_LIMIT_BYTES)
    if path.suffix == ".txt":
        return _of_requirements(text)
    try:
        data = json.loads(text) if path.name == "Pipfile.lock" else tomllib.loads(text)
    except ValueError as problem:
        raise MalformedFile(
            f"{path.name} is not a lock file", why=str(problem), fix="lock the dependencies again", location=Location(str(path))
        ) from problem
    return _of_pipfile(data) if path.name == "Pipfile.lock" else _of_packages(data)


def _of_requirements(text: str) -> Iterator[Pin]:
    for line in text.replace("\\\n", " ").splitlines():
        found = _LINE.match(line.strip())
        if found is None:
            continue
        name = normalised(found["name"])
        hashes = frozenset(_HASH.findall(found["rest"]))
        if found["url"]:
            yield Pin(name, found["url"], f"{name} @ {found['url']}", hashes)
        elif "*" not in found["version"]:
            yield Pin(name, found["version"], f"{name}=={found['version']}", hashes)


def _of_packages(data: Mapping[str, Any]) -> Iterator[Pin]:
    for entry in data.get("package") or data.get("packages") or ():
        source = entry.get("source")
        source = source if isinstance(source, dict) else {}
        name, version = normalised(entry.get("name", "")), str(entry.get("version", ""))
        url = _repository_url(entry, source)
        if url:
            yield Pin(name, url, f"{name} @ {url}")
        elif version and not any(kind in source or kind in entry for kind in _LOCAL) and source.get("type") not in _LOCAL:
            yield Pin(name, version, f"{name}=={version}", frozenset(_hashes(entry)))


def _repository_url(entry: Mapping[str, Any], source: Mapping[str, Any]) -> str:
    """Where a package that is no release comes from, as pip spells it; empty for releases."""
    if "git" in source:  # uv: git = "https://host/name?rev=main#commit"
        address, _, commit = str(source["git"]).partition("#")
        return f"git+{address.partition('?')[0]}@{commit}"
    if source.get("type") == "git":  # poetry
        return f"git+{source.get('url')}@{source.get('resolved_reference')}"
    if "git" in entry:  # pdm
        return f"git+{entry['git']}@{entry.get('revision')}"
    vcs = entry.get("vcs")
    if isinstance(vcs, dict) and vcs.get("url"):  # PEP 751
        return f"{vcs.get('type', 'git')}+{vcs['url']}@{vcs.get('commit-id')}"
    return str(source["url"]) if "url" in source and source.get("type") in {None, "url"} else ""


def _hashes(value: Any) -> Iterator[str]:
    """All digests of a package's entry, whichever way its tool nests them."""
    if isinstance(value, str) and _HASH.fullmatch(value):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _hashes(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            is_pep_751 = key == "hashes" and isinstance(item, dict)
            yield from _hashes([f"{name}:{digest}" for name, digest in item.items()] if is_pep_751 else item)


def _of_pipfile(data: Mapping[str, Any]) -> Iterator[Pin]:
    for section in ("default", "develop"):
        for name, entry in data.get(section, {}).items():
            key, version = normalised(name), str(entry.get("version", "")).removeprefix("==")
            if "git" in entry:
                url = f"git+{entry['git']}@{entry.get('ref')}"
                yield Pin(key, url, f"{key} @ {url}")
            elif version:
                yield Pin(key, version, f"{key}=={version}", frozenset(_hashes(entry.get("hashes", []))))

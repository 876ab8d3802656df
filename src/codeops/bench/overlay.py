"""The base's own dependencies, where its lock file asks for others than the head's.

The environment that runs CodeOps holds the head's. The base gets an environment of its own: the same, with the packages that
differ laid over it in the versions of the base's lock file, which uv or pip installs once into the user's cache.
"""

import hashlib
import os
import shutil
import subprocess  # ruff: ignore[suspicious-subprocess-import] - it starts uv or pip
import sys
import sysconfig
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from codeops.lockfiles import Pin, normalised

__all__ = ["Difference", "Overlay", "difference", "installed", "lay"]

_TIMEOUT_S = 900.0
_FEW = 3
_SHOWN_LINES = 6
_OURS = "codeops"  # both sides are measured by the one that runs


@dataclass(frozen=True, slots=True)
class Difference:
    """What the base needs in other versions: the pins to install, and in words what differs."""

    pins: tuple[Pin, ...] = ()
    words: str = ""


@dataclass(frozen=True, slots=True)
class Overlay:
    """A folder that comes before the environment's packages on the base's import path; with a `problem`, why there is none."""

    folder: str = ""
    problem: str = ""


def installed() -> dict[str, str]:
    """The versions of all packages in this environment by normalised name."""
    return {normalised(one.metadata["Name"]): one.version for one in metadata.distributions() if one.metadata["Name"]}


def difference(base: Mapping[str, Sequence[Pin]], head: Mapping[str, Sequence[Pin]], here: Mapping[str, str]) -> Difference:
    """What the base's lock file asks for and the head's does not.

    `here` are the installed versions. A package that both ask for counts only where it is installed: the others are for other
    platforms, or of groups that nobody installed. Of several pins for one package, the installed version says which is meant.
    """
    pins, words = [], []
    for name, ours in base.items():
        theirs = head.get(name, ())
        if name == _OURS or {pin.requirement for pin in ours} == {pin.requirement for pin in theirs} or (theirs and name not in here):
            continue
        pin = next((pin for pin in ours if pin.version == here.get(name)), ours[-1])
        if pin.version != here.get(name):
            pins.append(pin)
            words.append(f"{name} {pin.version} in the base, {theirs[-1].version if theirs else 'not'} in the head")
    shown = "; ".join(words[:_FEW]) + (f"; and {len(words) - _FEW} more" if len(words) > _FEW else "")
    return Difference(tuple(pins), shown)


def lay(pins: Sequence[Pin]) -> Overlay:
    """A folder with exactly these packages, from the cache or installed now; it belongs to this interpreter."""
    folder = _cache() / _digest(pins)
    if folder.is_dir():
        return Overlay(str(folder))
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".making-", dir=folder.parent, ignore_cleanup_errors=True) as place:
        wanted, target = Path(place, "requirements.txt"), Path(place, "packages")
        wanted.write_text("".join(line + "\n" for line in _lines(pins)), encoding="utf-8")
        problem = _install(wanted, target)
        if problem:
            return Overlay(problem=problem)
        try:
            target.rename(folder)
        except OSError:  # somebody else has made the same meanwhile
            if not folder.is_dir():
                raise
    return Overlay(str(folder))


def _lines(pins: Sequence[Pin]) -> list[str]:
    """The lines for pip, with the lock file's digests if it has one for each: half of them would be refused."""
    is_checked = all(pin.hashes for pin in pins)
    return [" ".join([pin.requirement, *(f"--hash={one}" for one in sorted(pin.hashes) if is_checked)]) for pin in pins]


def _install(wanted: Path, target: Path) -> str:
    """Runs uv if there is one, else pip; the last line of why it failed, empty when it did not."""
    uv = shutil.which("uv")
    tool = [uv, "pip", "install", "--python", sys.executable, "--quiet"] if uv else [sys.executable, "-m", "pip", "install", "--quiet"]
    command = [*tool, "--no-deps", "--target", str(target), "-r", str(wanted)]
    try:
        done = subprocess.run(  # ruff: ignore[subprocess-without-shell-equals-true] - arguments are ours
            command, capture_output=True, text=True, errors="replace", timeout=_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        return f"{Path(command[0]).name}: {problem}"
    if not done.returncode:
        return ""
    lines = (done.stderr or done.stdout).split("\n") if done.stderr or done.stdout else [f"it ended with {done.returncode}"]
    return f"{Path(command[0]).name}: " + " ".join(" ".join(lines[-_SHOWN_LINES:]).split())


def _cache() -> Path:
    """Where overlays are kept: `$XDG_CACHE_HOME/codeops/overlays`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "codeops", "overlays")


def _digest(pins: Sequence[Pin]) -> str:
    """Pins, interpreter and platform in one name: compiled packages fit no other."""
    parts = [sysconfig.get_platform(), str(sysconfig.get_config_var("SOABI")), *sorted(_lines(pins))]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]

"""A project in a repository of git: one commit of it on main, and a branch on which it is worked."""

import os
import subprocess
from pathlib import Path

import pytest

from codeops.repository import ancestor


def track(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Puts the project under git, whatever the machine's own settings and the variables of a CI are."""
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)
    for name in ancestor._TARGETS:
        monkeypatch.delenv(name, raising=False)
    git(folder, "init", "-q", "-b", "main")
    commit(folder)
    git(folder, "switch", "-q", "-c", "work")
    return folder


def git(folder: Path, *arguments: str) -> str:
    """What git says."""
    who = ("-c", "user.name=n", "-c", "user.email=e@x")
    return subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True, text=True).stdout.strip()


def commit(folder: Path) -> str:
    """The commit of all that stands in the folder."""
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "a commit")
    return git(folder, "rev-parse", "HEAD")

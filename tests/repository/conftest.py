import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from codeops.repository import ancestor

__all__ = ["Repository"]


class Repository:
    """A real git repository in a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.root = str(path)

    def git(self, *arguments: str) -> str:
        who = ("-c", "user.name=n", "-c", "user.email=e@x", "-c", "protocol.file.allow=always")
        return subprocess.run(["git", "-C", self.root, *who, *arguments], check=True, capture_output=True, text=True).stdout.strip()

    def commit(self, message: str, **files: str) -> str:
        """The id of a new commit in which these files have these contents."""
        for name, text in files.items():
            (self.path / name).write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")


@pytest.fixture(autouse=True)
def _own_git(monkeypatch: pytest.MonkeyPatch) -> None:
    """Git without the machine's settings, and no CI around."""
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)
    for name in ancestor._TARGETS:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def repository(tmp_path: Path) -> Callable[..., Repository]:
    """A new repository with the branch main, or a clone of another."""

    def make(name: str = "project", *, clone_of: Repository | None = None, options: tuple[str, ...] = ()) -> Repository:
        made = Repository(tmp_path / name)
        if clone_of is not None:
            command = ["git", "-c", "protocol.file.allow=always", "clone", "-q", *options, f"file://{clone_of.root}", made.root]
        else:
            command = ["git", "init", "-q", "-b", "main", made.root]
        subprocess.run(command, check=True, capture_output=True)
        return made

    return make

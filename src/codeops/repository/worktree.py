"""Another commit of the repository in a temporary folder of its own: git's worktrees, its submodules included.

The user's working tree, index and branches are not touched, and nothing is fetched. The folder and what git notes about it are
gone afterwards, also when this process is killed.
"""

import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from codeops.core.errors import MissingBase
from codeops.keeper import Keeper
from codeops.repository.git import ask

__all__ = ["Worktree", "checked_out"]

_TIMEOUT_S = 600.0
_SUBMODULE = "160000"
_POINTER = b"version https://git-lfs.github.com/spec/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Worktree:
    """A commit, checked out.

    `top` is the repository's top folder in the user's working tree, `copy` the same in the other commit, and `root` the project's
    folder in that. `notes` say what could not be checked out.
    """

    top: str
    copy: str
    root: str
    notes: tuple[str, ...]


@contextmanager
def checked_out(root: str, sha: str) -> Generator[Worktree]:
    """The commit `sha` of the repository that the project's folder `root` is in, for as long as the block lasts.

    A project's folder that the commit does not have is empty.

    Raises: MissingBase.
    """
    found = ask(root, "rev-parse", "--show-toplevel")
    if not found:
        raise MissingBase("the repository has no working tree", why=found.problem, fix="run it in a clone that is not bare")
    top = found.text
    inside = os.path.relpath(os.path.realpath(root), os.path.realpath(top))
    with Keeper() as keeper:
        folder = os.path.realpath(tempfile.mkdtemp(prefix="codeops-base-"))
        keeper.keep(folder)
        copy = str(Path(folder, Path(folder).name))  # git notes it under its last name, which therefore is one that nobody else has
        keeper.keep(str(Path(ask(top, "rev-parse", "--path-format=absolute", "--git-common-dir").text, "worktrees", Path(copy).name)))
        _add(top, copy, sha, keeper)
        notes = (*_fill_pointers(copy), *_add_submodules(top, copy, sha, str(Path(folder, "index"))))
        own = Path(copy, inside)
        own.mkdir(parents=True, exist_ok=True)
        yield Worktree(top=top, copy=copy, root=str(own.resolve()), notes=notes)


def _add(top: str, copy: str, sha: str, keeper: Keeper) -> None:
    command = ("worktree", "add", "--detach", "--force", copy, sha)
    added = ask(top, *command, timeout_s=_TIMEOUT_S, inherited=(keeper.descriptor,))
    if not added:
        raise MissingBase(
            f"commit {sha[:12]} cannot be checked out", why=added.problem, fix="repair that, or name a folder: --base-dir DIR"
        )


def _add_submodules(top: str, copy: str, sha: str, index: str) -> list[str]:
    """Writes the files of each submodule, which is a repository of its own; as a rule the working tree's has both sides' commits."""
    notes = []
    for line in ask(top, "ls-tree", "-r", "-z", "--full-tree", sha).text.split("\0"):
        if not line.startswith(_SUBMODULE):
            continue
        words, _, path = line.partition("\t")
        commit, ours, theirs = words.split()[-1], str(Path(top, path)), str(Path(copy, path))
        if _export(ours, commit, theirs, index):
            notes += _add_submodules(ours, theirs, commit, index)
        else:
            notes.append(f"submodule {path} is empty in the base: its commit {commit[:12]} is not here (git submodule update --init)")
    return notes


def _export(repository: str, commit: str, folder: str, index: str) -> bool:
    """Writes a commit's files by an index of its own; whether the repository and the commit are here."""
    if not Path(repository, ".git").exists():
        return False
    return bool(ask(repository, "read-tree", commit, timeout_s=_TIMEOUT_S, index=index)) and bool(
        ask(repository, "checkout-index", "--all", f"--prefix={folder}/", timeout_s=_TIMEOUT_S, index=index)
    )


def _fill_pointers(copy: str) -> list[str]:
    """Large files of git-lfs: those that are in the clone's own cache are taken from there."""
    stored = [path for path in ask(copy, "ls-files", "-z", ":(attr:filter=lfs)").text.split("\0") if path]
    if not stored:
        return []
    ask(copy, "lfs", "checkout", timeout_s=_TIMEOUT_S)
    pointers = [path for path in stored if _is_pointer(Path(copy, path))]
    return [f"{len(pointers)} of git-lfs's files are pointers in the base, the first is {pointers[0]}"] if pointers else []


def _is_pointer(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_POINTER)) == _POINTER
    except OSError:
        return False

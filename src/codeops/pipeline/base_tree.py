"""The base of a comparison as a folder: found, checked out, and given what its own lock file asks for."""

import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from codeops import lockfiles
from codeops.bench import overlay
from codeops.config import Config
from codeops.config import load as load_config
from codeops.core.cost import Caveat
from codeops.core.errors import FileError, MissingBase
from codeops.repository.ancestor import base_of
from codeops.repository.worktree import checked_out

__all__ = ["Against", "BaseTree", "base_tree"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """What the project is compared with, and how long that may take.

    `folder` holds the base as a plain folder; without it the base is the commit in which HEAD left `ref`, or the target branch where
    `ref` is empty. `counter` is `auto`, `cpu` or `instructions`, empty for what the configuration says.
    Units: `seconds` of measuring, None for the default of two minutes, five for more than 20 routes.
    """

    ref: str = ""
    folder: str = ""
    seconds: float | None = None
    counter: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseTree:
    """The base's project.

    `root` is its folder, `config` what its own configuration says, None without one; `words` say which base it is. What the
    environment finds under `origin` belongs under `place` on this side. `env` is for its worker. `notes` tell what is special about
    it; `doubt` why nothing that is measured of it can be trusted to be the base.
    """

    root: str
    config: Config | None
    origin: str
    place: str
    words: str
    env: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[Caveat, ...] = ()
    doubt: str = ""


@contextmanager
def base_tree(config: Config, against: Against) -> Generator[BaseTree]:
    """The base of a project for as long as the block lasts.

    Raises: MissingBase when there is nothing to compare with; FileError for the base's own configuration.
    """
    if against.folder:
        yield _equipped(_plain(config, against.folder), config)
        return
    base = base_of(config.root, against.ref)
    with checked_out(config.root, base.sha) as worktree:
        notes = tuple(Caveat("incomplete-base", "", text) for text in worktree.notes)
        own = _config(config, worktree.root)
        tree = BaseTree(root=worktree.root, config=own, origin=worktree.top, place=worktree.copy, words=base.words, notes=notes)
        yield _equipped(tree, config)


def _plain(config: Config, folder: str) -> BaseTree:
    root = str(Path(folder).resolve())
    if not Path(root).is_dir():
        raise MissingBase("the base's folder does not exist", why=f"--base-dir names {folder}", fix="name a folder with the base's files")
    return BaseTree(root=root, config=_config(config, root), origin=config.root, place=root, words=folder)


def _config(config: Config, folder: str) -> Config | None:
    """What the base says about itself and is selected; None where it does not know CodeOps yet."""
    path = Path(folder, Path(config.path).name)
    if not path.is_file():
        return None
    found = load_config(str(path), folder)
    return replace(found, suite=found.suite.selected(config.suite.selection))


def _equipped(tree: BaseTree, config: Config) -> BaseTree:
    """The tree with the packages that its lock file asks for and the head's does not."""
    try:
        base_pins, head_pins = (
            lockfiles.load(lockfiles.find(folder, top)) for folder, top in ((tree.root, tree.place), (config.root, tree.origin))
        )
    except FileError as problem:
        return replace(tree, notes=(*tree.notes, Caveat("lock-file", "", f"dependencies are not compared: {problem.title}, {problem.why}")))
    if base_pins == head_pins:
        return tree
    found = overlay.difference(base_pins, head_pins, overlay.installed())
    if not found.pins:
        return tree
    laid = overlay.lay(found.pins)
    if laid.problem:
        words = f"its lock file asks for other packages ({found.words}), and they cannot be installed: {laid.problem}"
        return replace(tree, doubt=words)
    known = {**os.environ, **(tree.config or config).suite.env}.get("PYTHONPATH")
    path = os.pathsep.join(filter(None, (laid.folder, known)))
    note = Caveat("dependencies-differ", "", f"each side has the dependencies of its own lock file: {found.words}")
    return replace(tree, env={"PYTHONPATH": path}, notes=(*tree.notes, note))

"""Git, asked as a program: nothing of it is linked, and nothing of the user's working tree is written."""

import os
import subprocess  # ruff: ignore[suspicious-subprocess-import] - it asks git
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Reply", "ask"]

_TIMEOUT_S = 10.0

_OF_ONE_REPOSITORY = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR")
"""What git sets for its hooks; a command about another folder must not inherit it."""

_QUIET = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_LFS_SKIP_SMUDGE": "1", "LC_ALL": "C"}


@dataclass(frozen=True, slots=True)
class Reply:
    """What git printed, without white space around it, or the last line of why it did not."""

    text: str
    problem: str = ""

    def __bool__(self) -> bool:
        return not self.problem


def ask(root: str, *arguments: str, timeout_s: float = _TIMEOUT_S, index: str = "", inherited: Sequence[int] = ()) -> Reply:
    """Git's reply to a command in the folder `root`; it never asks back, never runs a hook, and fetches no large file.

    `index` is the path of an index to use in place of the repository's, `inherited` are descriptors that git gets.
    Units: `timeout_s` seconds.
    """
    environment = {name: value for name, value in os.environ.items() if name not in _OF_ONE_REPOSITORY}
    own = {"GIT_INDEX_FILE": index} if index else {}
    try:
        done = subprocess.run(  # ruff: ignore[subprocess-without-shell-equals-true] - arguments are ours
            ["git", "-C", root, "-c", f"core.hooksPath={os.devnull}", *arguments],  # ruff: ignore[start-process-with-partial-path] - the user's own git
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            env=environment | _QUIET | own,
            pass_fds=inherited,
            check=False,
        )
    except OSError as problem:
        return Reply("", f"git cannot be started: {problem.strerror or problem}")
    except subprocess.TimeoutExpired:
        return Reply("", f"git {arguments[0]} did not end within {timeout_s:g} s")
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"git {arguments[0]} ended with {done.returncode}"]
        return Reply("", lines[-1].removeprefix("fatal: "))
    return Reply(done.stdout.strip())

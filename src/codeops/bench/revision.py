"""Which commit a project stands at, as git tells it."""

import subprocess  # ruff: ignore[suspicious-subprocess-import] - it asks git

__all__ = ["read"]

_TIMEOUT_S = 10


def read(root: str) -> tuple[str, bool]:
    """The full commit id and whether tracked files differ from it; `("", False)` without git or a repository."""
    sha = _git(root, "rev-parse", "--verify", "HEAD")
    if not sha:
        return "", False
    return sha, bool(_git(root, "status", "--porcelain", "--untracked-files=no"))


def _git(root: str, *arguments: str) -> str:
    try:
        done = subprocess.run(  # ruff: ignore[subprocess-without-shell-equals-true] - fixed arguments
            ["git", "-C", root, *arguments],  # ruff: ignore[start-process-with-partial-path] - the user's own git
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""

"""Which commit a project stands at, as git tells it."""

from codeops.repository.git import ask

__all__ = ["is_changed", "read"]


def read(root: str) -> tuple[str, bool]:
    """The full commit id and whether tracked files differ from it; `("", False)` without git or a repository."""
    sha = ask(root, "rev-parse", "--verify", "HEAD").text
    return (sha, is_changed(root)) if sha else ("", False)


def is_changed(root: str) -> bool:
    """Whether a tracked file of the repository differs from the commit that is checked out."""
    return bool(ask(root, "status", "--porcelain", "--untracked-files=no").text)

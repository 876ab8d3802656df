"""The base of a change: the commit in which the branch left its target branch, never the tip of that.

What others merged into the target branch meanwhile is not part of the change, and would be counted as saved or spent by it.
"""

import os
from dataclasses import dataclass

from codeops.core.errors import MissingBase
from codeops.repository.git import ask
from codeops.repository.revision import is_changed

__all__ = ["Base", "base_of"]

_TARGETS = (
    "GITHUB_BASE_REF",
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME",
    "BITBUCKET_PR_DESTINATION_BRANCH",
    "SYSTEM_PULLREQUEST_TARGETBRANCH",
    "BUILDKITE_PULL_REQUEST_BASE_BRANCH",
    "CHANGE_TARGET",
    "CI_COMMIT_TARGET_BRANCH",
    "DRONE_TARGET_BRANCH",
)
"""Variables in which CI systems name the branch that a change goes to: GitHub Actions, GitLab, Bitbucket, Azure Pipelines, Buildkite,
Jenkins, Woodpecker, Drone. Source: their documentation, read 2026-11-26."""

_USUAL = ("main", "master")
_FETCH = "fetch its history (git fetch --unshallow; in GitHub Actions fetch-depth: 0 for actions/checkout, in GitLab CI GIT_DEPTH: 0)"
_FOLDER = "or check the base out yourself and name its folder: --base-dir DIR"


@dataclass(frozen=True, slots=True)
class Base:
    """A full commit id, and in words how it was found."""

    sha: str
    words: str


def base_of(root: str, ref: str = "") -> Base:
    """The commit that the working tree in `root` is compared with.

    It is the best common ancestor of HEAD and `ref`; without `ref`, of HEAD and the target branch: what CI names, else what the
    remote calls its HEAD, else main or master. On the target branch itself it is HEAD for a tree with changes, and the first
    parent of HEAD for one without.

    Raises: MissingBase.
    """
    head = ask(root, "rev-parse", "--verify", "HEAD^{commit}")
    if not head:
        raise MissingBase(
            "there is no commit to compare with", why=f"{root}: {head.problem}", fix=f"run it in a git repository with a commit, {_FOLDER}"
        )
    name, target = (ref, _commit_of(root, ref)) if ref else _target(root)
    shared = ask(root, "merge-base", "HEAD", target)
    if not shared:
        raise MissingBase(
            f"HEAD and {name} have no common ancestor",
            why=_shallow(root) or shared.problem.removeprefix("git merge-base ended with 1") or "their histories are unrelated",
            fix=f"{_FETCH}, {_FOLDER}",
        )
    if shared.text != head.text:
        return Base(shared.text, f"where HEAD left {name}")
    if ref or is_changed(root):
        return Base(head.text, "HEAD, without the changes in the working tree")
    return _parent(root, name)


def _parent(root: str, name: str) -> Base:
    parent = ask(root, "rev-parse", "--verify", "HEAD^1^{commit}")
    if not parent:
        why = _shallow(root) or f"HEAD is on {name}, has no changes, and is the first commit"
        raise MissingBase("there is no commit before HEAD", why=why, fix=f"{_FETCH}, {_FOLDER}")
    return Base(parent.text, f"the commit before HEAD, which is on {name}")


def _commit_of(root: str, ref: str) -> str:
    """The commit that a user's word for it means: as it stands, or as a branch of a remote."""
    for name in (ref, *_remote_branches(root, ref)):
        found = ask(root, "rev-parse", "--verify", "--end-of-options", f"{name}^{{commit}}")
        if found:
            return found.text
    raise MissingBase(f"git knows no commit {ref}", why=_shallow(root) or found.problem, fix=f"correct the name, or {_FETCH}, {_FOLDER}")


def _target(root: str) -> tuple[str, str]:
    """Name and commit of the branch that this change goes to."""
    for variable in _TARGETS:
        branch = os.environ.get(variable, "").removeprefix("refs/heads/")
        if branch:
            return branch, _branch(root, branch, variable)
    remote_head = ask(root, "symbolic-ref", "--short", "refs/remotes/origin/HEAD").text
    names = [remote_head, *(name for branch in _USUAL for name in (*_remote_branches(root, branch), f"refs/heads/{branch}"))]
    for name in filter(None, names):
        found = ask(root, "rev-parse", "--verify", f"{name}^{{commit}}")
        if found:
            return name.removeprefix("refs/heads/").removeprefix("refs/remotes/"), found.text
    raise MissingBase(
        "no target branch is known",
        why=f"no CI variable names one, origin has no HEAD here, and there is no {' or '.join(_USUAL)}",
        fix=f"name it: --base BRANCH, {_FOLDER}",
    )


def _branch(root: str, branch: str, variable: str) -> str:
    for name in (*_remote_branches(root, branch), f"refs/heads/{branch}"):
        found = ask(root, "rev-parse", "--verify", f"{name}^{{commit}}")
        if found:
            return found.text
    why = f"{variable} names it; {_shallow(root) or found.problem}"
    raise MissingBase(f"the target branch {branch} is not here", why=why, fix=f"git fetch origin {branch}, and {_FETCH}, {_FOLDER}")


def _remote_branches(root: str, branch: str) -> list[str]:
    """How remotes' branches of this name are spelled, origin first."""
    remotes = sorted(ask(root, "remote").text.split(), key=lambda remote: (remote != "origin", remote))
    return [f"refs/remotes/{remote}/{branch}" for remote in remotes]


def _shallow(root: str) -> str:
    """That this clone lacks history, in words; empty when it does not."""
    is_shallow = ask(root, "rev-parse", "--is-shallow-repository").text == "true"
    return "this clone is shallow: the commits before were not fetched" if is_shallow else ""

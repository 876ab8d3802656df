"""The base is where the branch left, and what cannot be known is said with the way to know it."""

import pytest

from codeops.core.errors import MissingBase
from codeops.repository.ancestor import base_of


@pytest.fixture
def upstream(repository):
    """main: one, two; the branch feature left at one; main went on."""
    made = repository("upstream")
    made.one = made.commit("one", file="1")
    made.git("switch", "-q", "-c", "feature")
    made.feature = made.commit("of the feature", new="f")
    made.git("switch", "-q", "main")
    made.two = made.commit("two", file="2")
    return made


def test_it_is_where_the_branch_left_and_not_the_tip(upstream):
    upstream.git("switch", "-q", "feature")

    assert base_of(upstream.root).sha == upstream.one
    assert base_of(upstream.root, "main").sha == upstream.one


def test_a_pull_request_s_merge_commit_is_compared_with_the_target_that_was_merged(upstream):
    upstream.git("switch", "-q", "--detach", "main")
    upstream.git("merge", "-q", "--no-edit", "feature")

    assert base_of(upstream.root).sha == upstream.two


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("GITHUB_BASE_REF", "release"),
        ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "release"),
        ("SYSTEM_PULLREQUEST_TARGETBRANCH", "refs/heads/release"),
    ],
)
def test_ci_names_the_branch(upstream, repository, monkeypatch, variable, value):
    upstream.git("branch", "release", upstream.one)
    clone = repository("clone", clone_of=upstream)
    monkeypatch.setenv(variable, value)

    assert base_of(clone.root).sha == upstream.one


def test_a_remote_s_branch_needs_no_local_one(upstream, repository):
    clone = repository("clone", clone_of=upstream)

    assert base_of(clone.root, "feature").sha == upstream.one


def test_on_the_target_branch_a_changed_tree_is_compared_with_its_commit(upstream):
    (upstream.path / "file").write_text("changed")

    found = base_of(upstream.root)

    assert found.sha == upstream.two
    assert "without the changes" in found.words


def test_on_the_target_branch_an_unchanged_tree_is_compared_with_the_commit_before(upstream):
    found = base_of(upstream.root)

    assert found.sha == upstream.one
    assert found.words == "the commit before HEAD, which is on main"


def test_a_changed_tree_on_a_branch_is_compared_with_where_the_branch_left(upstream):
    upstream.git("switch", "-q", "feature")
    (upstream.path / "file").write_text("changed")

    assert base_of(upstream.root).sha == upstream.one


def refused(root: str, ref: str = "") -> str:
    with pytest.raises(MissingBase) as raised:
        base_of(root, ref)
    return raised.value.explain()


def test_no_repository(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))

    words = refused(str(tmp_path))

    assert "not a git repository" in words
    assert "--base-dir DIR" in words


def test_no_git(upstream, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")

    assert "git cannot be started: No such file or directory" in refused(upstream.root)


def test_no_commit(repository):
    assert "there is no commit to compare with" in refused(repository().root)


def test_a_reference_that_nobody_has(upstream):
    assert "git knows no commit nosuch" in refused(upstream.root, "nosuch")


def test_a_reference_that_looks_like_an_option(upstream):
    assert "git knows no commit --output=/tmp/x" in refused(upstream.root, "--output=/tmp/x")


def test_a_shallow_clone_says_how_to_get_the_history(upstream, repository):
    clone = repository("clone", clone_of=upstream, options=("--depth=1", "--no-single-branch"))
    clone.git("switch", "-q", "feature")

    words = refused(clone.root)

    assert "HEAD and origin/main have no common ancestor" in words
    assert "this clone is shallow" in words
    assert "git fetch --unshallow" in words
    assert "fetch-depth: 0" in words


def test_the_target_branch_that_ci_did_not_fetch(upstream, repository, monkeypatch):
    clone = repository("clone", clone_of=upstream, options=("--depth=1", "--branch=feature"))
    monkeypatch.setenv("GITHUB_BASE_REF", "main")

    words = refused(clone.root)

    assert "the target branch main is not here" in words
    assert "GITHUB_BASE_REF names it; this clone is shallow" in words
    assert "git fetch origin main" in words


def test_unrelated_histories(upstream):
    upstream.git("checkout", "-q", "--orphan", "other")
    upstream.commit("alone", file="x")

    assert "their histories are unrelated" in refused(upstream.root, "main")


def test_the_first_commit_has_none_before(repository):
    made = repository()
    made.commit("one", file="1")

    assert "HEAD is on main, has no changes, and is the first commit" in refused(made.root)


def test_no_target_branch(upstream):
    upstream.git("switch", "-q", "feature")
    upstream.git("branch", "-q", "-D", "main")

    assert "no target branch is known" in refused(upstream.root)

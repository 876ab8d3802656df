"""Another commit in a folder of its own, of which nothing is left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from codeops.core.errors import MissingBase
from codeops.repository.worktree import checked_out


@pytest.fixture
def project(repository):
    made = repository()
    made.first = made.commit("one", file="1")
    made.commit("two", file="2", new="n")
    return made


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    """Where temporary folders go: what is left in it was left behind."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    return folder


def left(project, temporary) -> list[str]:
    noted = Path(project.root, ".git", "worktrees")
    return [path.name for path in temporary.iterdir()] + ([path.name for path in noted.iterdir()] if noted.exists() else [])


def names(*folder: str) -> list[str]:
    return [path.name for path in Path(*folder).iterdir()]


def test_the_commit_s_files_beside_an_untouched_tree(project, temporary):
    (project.path / "file").write_text("being edited")
    before = project.git("status", "--porcelain=2", "--branch")

    with checked_out(project.root, project.first) as worktree:
        assert Path(worktree.root, "file").read_text(encoding="utf-8") == "1"
        assert not Path(worktree.root, "new").exists()
        assert (worktree.top, worktree.notes) == (project.root, ())

    assert project.git("status", "--porcelain=2", "--branch") == before
    assert left(project, temporary) == []


def test_the_project_may_be_a_folder_of_the_repository(project, temporary):
    (project.path / "service").mkdir()
    sha = project.commit("three", **{"service/app.py": "a"})

    with checked_out(f"{project.root}/service", sha) as worktree:
        assert names(worktree.root) == ["app.py"]
        assert Path(worktree.copy, "service") == Path(worktree.root)


def test_a_folder_that_the_commit_does_not_have_is_empty(project):
    (project.path / "service").mkdir()

    with checked_out(f"{project.root}/service", project.first) as worktree:
        assert names(worktree.root) == []


def test_hooks_do_not_run(project, temporary, tmp_path):
    hook = project.path / ".git" / "hooks" / "post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/hooked\n")
    hook.chmod(0o755)

    with checked_out(project.root, project.first):
        pass

    assert not (tmp_path / "hooked").exists()


def test_submodules_come_from_the_working_tree_s_own_clones(project, repository, temporary):
    inner, library = repository("inner"), repository("library")
    inner.commit("one", deep="d1")
    library.git("submodule", "add", "-q", f"file://{inner.root}", "inner")
    library.commit("one", code="old")
    project.git("submodule", "add", "-q", f"file://{library.root}", "library")
    project.git("submodule", "update", "-q", "--init", "--recursive")
    sha = project.commit("with a library")
    (project.path / "library" / "code").write_text("new")

    with checked_out(project.root, sha) as worktree:
        assert Path(worktree.root, "library", "code").read_text(encoding="utf-8") == "old"
        assert Path(worktree.root, "library", "inner", "deep").read_text(encoding="utf-8") == "d1"
        assert worktree.notes == ()

    assert left(project, temporary) == []


def test_a_submodule_that_is_not_here_is_told(project, repository):
    library = repository("library")
    library.commit("one", code="old")
    project.git("submodule", "add", "-q", f"file://{library.root}", "library")
    sha = project.commit("with a library")
    project.git("submodule", "deinit", "-q", "--force", "library")

    with checked_out(project.root, sha) as worktree:
        assert names(worktree.root, "library") == []
        (note,) = worktree.notes
        assert note.startswith("submodule library is empty in the base")


def test_large_files_that_are_not_here_are_told(project):
    project.commit(
        "lfs", **{".gitattributes": "*.bin filter=lfs\n", "model.bin": "version https://git-lfs.github.com/spec/v1\noid sha256:0\n"}
    )

    with checked_out(project.root, "HEAD") as worktree:
        assert worktree.notes == ("1 of git-lfs's files are pointers in the base, the first is model.bin",)


def test_a_commit_that_is_not_here(project, temporary):
    with pytest.raises(MissingBase, match="commit 111111111111 cannot be checked out"), checked_out(project.root, "1" * 40):
        pass

    assert left(project, temporary) == []


def test_an_error_inside_removes_it_too(project, temporary):
    with pytest.raises(ZeroDivisionError), checked_out(project.root, project.first):
        raise ZeroDivisionError

    assert left(project, temporary) == []


HOLD = """
import sys, time
from codeops.repository.worktree import checked_out
with checked_out(sys.argv[1], sys.argv[2]) as worktree:
    print(worktree.root, flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_whatever_kills_the_process_nothing_is_left(project, temporary, how):
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, project.root, project.first], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        root = process.stdout.readline().decode().strip()
        assert Path(root, "file").read_text(encoding="utf-8") == "1"
        os.killpg(process.pid, how)

    until = time.monotonic() + 20
    while left(project, temporary) and time.monotonic() < until:
        time.sleep(0.05)
    assert left(project, temporary) == []
    assert project.git("worktree", "list").count("\n") == 0

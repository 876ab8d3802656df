import subprocess

import pytest

from codeops.bench import revision


@pytest.fixture
def repository(tmp_path, monkeypatch):
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, "/dev/null")

    def git(*arguments):
        subprocess.run(
            ["git", "-C", str(tmp_path), "-c", "user.name=n", "-c", "user.email=e@x", *arguments], check=True, capture_output=True
        )

    git("init", "-q")
    (tmp_path / "file").write_text("1")
    git("add", "file")
    git("commit", "-q", "-m", "one")
    return tmp_path


def test_a_clean_repository(repository):
    sha, is_dirty = revision.read(str(repository))

    assert len(sha) == 40
    assert not is_dirty


def test_a_changed_file_makes_it_dirty_a_new_one_does_not(repository):
    (repository / "cost.json").write_text("{}")
    assert not revision.read(str(repository))[1]

    (repository / "file").write_text("2")
    assert revision.read(str(repository))[1]


def test_without_a_repository_there_is_no_revision(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))

    assert revision.read(str(tmp_path)) == ("", False)


def test_without_git_there_is_no_revision(repository, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")

    assert revision.read(str(repository)) == ("", False)


def test_a_repository_without_a_commit_has_none(tmp_path):
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)

    assert revision.read(str(tmp_path)) == ("", False)

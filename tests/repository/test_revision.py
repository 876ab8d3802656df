import pytest

from codeops.repository import revision


@pytest.fixture
def project(repository):
    made = repository()
    made.commit("one", file="1")
    return made


def test_a_clean_repository(project):
    sha, is_dirty = revision.read(project.root)

    assert len(sha) == 40
    assert not is_dirty


def test_a_changed_file_makes_it_dirty_a_new_one_does_not(project):
    (project.path / "cost.json").write_text("{}")
    assert not revision.read(project.root)[1]

    (project.path / "file").write_text("2")
    assert revision.read(project.root)[1]


def test_without_a_repository_there_is_no_revision(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))

    assert revision.read(str(tmp_path)) == ("", False)


def test_without_git_there_is_no_revision(project, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")

    assert revision.read(project.root) == ("", False)


def test_a_repository_without_a_commit_has_none(repository):
    assert revision.read(repository().root) == ("", False)


def test_the_repository_of_a_hook_that_runs_us_is_not_taken_for_the_project_s(project, repository, monkeypatch):
    other = repository("other")
    other.commit("another", file="x")
    monkeypatch.setenv("GIT_DIR", f"{other.root}/.git")

    assert revision.read(project.root)[0] == project.git("--git-dir", f"{project.root}/.git", "rev-parse", "HEAD")

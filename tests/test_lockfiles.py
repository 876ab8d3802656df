"""One table for six formats: the same two packages, and what is no release."""

from pathlib import Path

import pytest

from codeops import lockfiles
from codeops.core.errors import MalformedFile
from codeops.lockfiles import Pin

A, B = "a" * 64, "b" * 64

UV = f"""
version = 1
[[package]]
name = "my-project"
version = "0.1.0"
source = {{ editable = "." }}
[[package]]
name = "Flask"
version = "3.1.0"
source = {{ registry = "https://pypi.org/simple" }}
sdist = {{ url = "https://x/flask.tar.gz", hash = "sha256:{A}", size = 1 }}
wheels = [{{ url = "https://x/flask.whl", hash = "sha256:{B}", size = 1 }}]
[[package]]
name = "tool"
version = "1.0"
source = {{ git = "https://host/tool.git?rev=main#0123abc" }}
"""

POETRY = f"""
[[package]]
name = "flask"
version = "3.1.0"
files = [{{file = "flask.tar.gz", hash = "sha256:{A}"}}, {{file = "flask.whl", hash = "sha256:{B}"}}]
[[package]]
name = "tool"
version = "1.0"
files = []
[package.source]
type = "git"
url = "https://host/tool.git"
reference = "main"
resolved_reference = "0123abc"
[[package]]
name = "near"
version = "1.0"
[package.source]
type = "directory"
url = "../near"
"""

PDM = f"""
[metadata]
lock_version = "4.5"
[[package]]
name = "flask"
version = "3.1.0"
files = [{{file = "flask.tar.gz", hash = "sha256:{A}"}}, {{file = "flask.whl", hash = "sha256:{B}"}}]
[[package]]
name = "tool"
version = "1.0"
git = "https://host/tool.git"
ref = "main"
revision = "0123abc"
"""

PYLOCK = f"""
lock-version = "1.0"
[[packages]]
name = "flask"
version = "3.1.0"
sdist = {{name = "flask.tar.gz", hashes = {{sha256 = "{A}"}}}}
wheels = [{{name = "flask.whl", hashes = {{sha256 = "{B}"}}}}]
[[packages]]
name = "tool"
vcs = {{type = "git", url = "https://host/tool.git", commit-id = "0123abc"}}
[[packages]]
name = "near"
directory = {{path = "../near"}}
"""

PIPFILE = f"""{{"_meta": {{}}, "default": {{"flask": {{"version": "==3.1.0", "hashes": ["sha256:{A}", "sha256:{B}"]}},
"tool": {{"git": "https://host/tool.git", "ref": "0123abc"}}}}, "develop": {{}}}}"""

REQUIREMENTS = f"""# made by a tool
--index-url https://x/simple
flask[async]==3.1.0 ; python_version >= "3.9" \\
    --hash=sha256:{A} \\
    --hash=sha256:{B}
    # via something
tool @ git+https://host/tool.git@0123abc
loose>=1
any==2.*
-e .
"""

FORMATS = {
    "uv.lock": UV,
    "poetry.lock": POETRY,
    "pdm.lock": PDM,
    "pylock.toml": PYLOCK,
    "Pipfile.lock": PIPFILE,
    "requirements.txt": REQUIREMENTS,
}


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_says_the_same(tmp_path, name):
    (tmp_path / name).write_text(FORMATS[name])

    url = "git+https://host/tool.git@0123abc"
    assert lockfiles.load(lockfiles.find(str(tmp_path), str(tmp_path))) == {
        "flask": (Pin("flask", "3.1.0", "flask==3.1.0", frozenset({f"sha256:{A}", f"sha256:{B}"})),),
        "tool": (Pin("tool", url, f"tool @ {url}"),),
    }


def test_the_nearest_folder_with_a_lock_file_up_to_the_repository_s_top(tmp_path):
    service = tmp_path / "repository" / "services" / "shop"
    service.mkdir(parents=True)
    (tmp_path / "uv.lock").write_text("")
    top = str(tmp_path / "repository")

    assert lockfiles.find(str(service), top) == []

    (tmp_path / "repository" / "uv.lock").write_text("")
    assert lockfiles.find(str(service), top) == [Path(top, "uv.lock")]

    (service / "requirements").mkdir()
    for name in ("requirements-dev.txt", "requirements/base.txt"):
        (service / name).write_text("")
    assert [path.name for path in lockfiles.find(str(service), top)] == ["base.txt", "requirements-dev.txt"]


def test_several_pins_of_one_package_are_all_kept(tmp_path):
    text = '[[package]]\nname = "numpy"\nversion = "{}"\n'
    (tmp_path / "uv.lock").write_text(text.format("1.26") + text.format("2.1"))

    assert [pin.version for pin in lockfiles.load([tmp_path / "uv.lock"])["numpy"]] == ["1.26", "2.1"]


@pytest.mark.parametrize("name", ["uv.lock", "Pipfile.lock"])
def test_a_broken_lock_file_is_an_error(tmp_path, name):
    (tmp_path / name).write_text("<<<<<<< HEAD")

    with pytest.raises(MalformedFile, match=f"{name} is not a lock file"):
        lockfiles.load([tmp_path / name])

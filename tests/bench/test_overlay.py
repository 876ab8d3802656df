"""What the base needs in other versions, and that it gets exactly that: real wheels, installed by pip."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from codeops.bench import overlay
from codeops.bench.overlay import difference, lay
from codeops.lockfiles import Pin


def pin(name: str, version: str) -> Pin:
    return Pin(name, version, f"{name}=={version}")


def words(base: dict, head: dict, here: dict) -> tuple[list[str], str]:
    found = difference(
        *({name: tuple(pin(name, one) for one in versions) for name, versions in side.items()} for side in (base, head)), here
    )
    return [one.requirement for one in found.pins], found.words


@pytest.mark.parametrize(
    ("base", "head", "here", "expected"),
    [
        pytest.param({"a": ["1"]}, {"a": ["1"]}, {"a": "1"}, [], id="the same"),
        pytest.param({"a": ["1"]}, {"a": ["2"]}, {"a": "2"}, ["a==1"], id="another version"),
        pytest.param({"a": ["1"]}, {}, {}, ["a==1"], id="only the base needs it"),
        pytest.param({"a": ["1"]}, {}, {"a": "1"}, [], id="only the base needs it, and it is there"),
        pytest.param({}, {"a": ["1"]}, {"a": "1"}, [], id="only the head needs it"),
        pytest.param({"a": ["1"]}, {"a": ["2"]}, {}, [], id="for another platform"),
        pytest.param({"a": ["1", "2"]}, {"a": ["2", "3"]}, {"a": "2"}, [], id="the installed one is the base's"),
        pytest.param({"a": ["1", "2"]}, {"a": ["3"]}, {"a": "3"}, ["a==2"], id="several of the base, none installed"),
        pytest.param({"codeops": ["1"]}, {"codeops": ["2"]}, {"codeops": "2"}, [], id="codeops itself measures both"),
    ],
)
def test_what_differs(base, head, here, expected):
    assert words(base, head, here)[0] == expected


def test_what_differs_is_told_and_not_at_length():
    sides = [{name: [version] for name in "abcde"} for version in ("1", "2")]

    told = words(*sides, dict.fromkeys("abcde", "2"))[1]

    assert told.startswith("a 1 in the base, 2 in the head; b 1")
    assert told.endswith("; and 2 more")


@pytest.fixture
def index(tmp_path, monkeypatch) -> Path:
    """A folder of wheels, which is all that pip knows."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_FIND_LINKS", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for version in ("1.0", "2.0"):
        add_wheel(folder, "gadget", version)
    return folder


def add_wheel(folder: Path, name: str, version: str) -> None:
    about = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}.py", f"version = '{version}'\n")
        wheel.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{about}/RECORD", "")


def test_it_comes_first_on_the_import_path_and_is_made_once(index):
    laid = lay([pin("gadget", "1.0")])

    seen = subprocess.run(
        [sys.executable, "-c", "import gadget, importlib.metadata as m; print(gadget.version, m.version('gadget'))"],
        env={**os.environ, "PYTHONPATH": laid.folder},
        capture_output=True,
        text=True,
        check=True,
    )
    assert seen.stdout.split() == ["1.0", "1.0"]

    for wheel in index.iterdir():
        wheel.unlink()
    assert lay([pin("gadget", "1.0")]) == laid
    assert [path.name for path in Path(laid.folder).parent.iterdir()] == [Path(laid.folder).name]


def test_other_versions_have_another_place(index):
    assert lay([pin("gadget", "1.0")]).folder != lay([pin("gadget", "2.0")]).folder


def test_what_cannot_be_installed_is_told_and_leaves_nothing(index):
    laid = lay([pin("gadget", "3.0")])

    assert not laid.folder
    assert "gadget==3.0" in laid.problem
    assert list(overlay._cache().iterdir()) == []


def test_a_wheel_that_is_not_the_locked_one_is_refused(index):
    laid = lay([Pin("gadget", "1.0", "gadget==1.0", frozenset({"sha256:" + "0" * 64}))])

    assert not laid.folder
    assert laid.problem

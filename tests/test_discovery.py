"""Plug-ins are found by file name, loaded when used, and never skipped when broken."""

import sys
from pathlib import Path

import pytest

from codeops.core.errors import BrokenPlugin, MissingExtra, UnknownName
from codeops.discovery import load, names


@pytest.fixture
def slot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package of plug-ins: one good, one incomplete, one that cannot be imported, one that lacks a library."""
    package = tmp_path / "a_slot_of_tests"
    package.mkdir()
    files = {
        "__init__": "",
        "good_one": "SUFFIX = '.x'\ndef render(): pass",
        "incomplete": "SUFFIX = '.x'",
        "broken": "raise RuntimeError('no')",
        "hungry": "import a_library_nobody_has",
        "_private": "",
    }
    for name, text in files.items():
        (package / f"{name}.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    return package.name


def test_members_are_listed_by_file_name_without_being_imported(slot: str) -> None:
    found = names(slot)

    assert found == ["broken", "good-one", "hungry", "incomplete"]
    assert f"{slot}.broken" not in sys.modules


def test_a_member_is_loaded_by_its_public_name(slot: str) -> None:
    assert load(slot, "good-one", needs=("SUFFIX", "render")).SUFFIX == ".x"


@pytest.mark.parametrize(
    ("name", "extra", "error", "told"),
    [
        ("godo-one", "", UnknownName, "good-one"),
        ("incomplete", "", BrokenPlugin, "has no render"),
        ("broken", "", BrokenPlugin, "RuntimeError('no')"),
        ("hungry", "", BrokenPlugin, "a_library_nobody_has"),
        ("hungry", "store", MissingExtra, "pip install 'codeops[store]'"),
    ],
)
def test_what_cannot_be_used_is_an_error_that_says_what_to_do(slot: str, name: str, extra: str, error: type[Exception], told: str) -> None:
    with pytest.raises(error) as caught:
        load(slot, name, needs=("SUFFIX", "render"), extra=extra)

    assert told in caught.value.explain()  # type: ignore[attr-defined]


def test_a_third_party_member_comes_through_an_entry_point(tmp_path: Path, slot: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from codeops import discovery

    metadata = tmp_path / "third-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Name: third\nVersion: 1.0\n", encoding="utf-8")
    (metadata / "entry_points.txt").write_text(f"[codeops.a_test_slot]\nmine = {slot}.good_one\n", encoding="utf-8")
    discovery._entries.cache_clear()

    try:
        assert names("codeops.a_test_slot") == ["mine"]
        assert load("codeops.a_test_slot", "mine").SUFFIX == ".x"
    finally:
        discovery._entries.cache_clear()

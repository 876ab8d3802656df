from pathlib import Path

import pytest

from codeops.core.errors import UnreadableFile
from codeops.core.location import Location
from codeops.document import load, parse, read


def test_the_suffix_says_the_format(tmp_path: Path) -> None:
    for name, text in {"a.toml": "x = 1\n", "a.json": '{"x": 1}', "a.yaml": "x: 1\n", "a.YML": "x: 1\n"}.items():
        (tmp_path / name).write_text(text)

        assert load(str(tmp_path / name)).data == {"x": 1}


@pytest.mark.parametrize(("name", "suffix"), [("a.txt", ".txt"), ("a", "missing")])
def test_another_suffix_is_refused(name: str, suffix: str) -> None:
    with pytest.raises(UnreadableFile) as caught:
        parse("x = 1\n", name)

    assert suffix in caught.value.why


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile) as missing:
        load(str(tmp_path / "a.toml"))
    with pytest.raises(UnreadableFile) as folder:
        load(str(tmp_path))

    assert missing.value.why == "no such file or directory"
    assert folder.value.why == "is a directory"


def test_200_megabytes_are_refused_without_being_read(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    with path.open("wb") as file:
        file.truncate(200 * 10**6)

    with pytest.raises(UnreadableFile) as caught:
        load(str(path))

    assert caught.value.why == "it has 200,000,000 bytes; 8,388,608 bytes are read at most"
    assert caught.value.location == Location(str(path))


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no device that does not end")
def test_a_file_without_end_is_refused() -> None:
    with pytest.raises(UnreadableFile, match="too large") as caught:
        read("/dev/zero", limit_bytes=1000)

    assert "it does not end" in caught.value.why


def test_the_limit_itself_is_still_read(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text("x = 1\n")

    assert read(str(path), limit_bytes=6) == "x = 1\n"
    with pytest.raises(UnreadableFile):
        read(str(path), limit_bytes=5)


@pytest.mark.parametrize("suffix", ["toml", "json", "yaml"])
def test_a_byte_order_mark_and_windows_line_ends_are_tolerated(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    text = {"toml": "y = 1\nx = 2\n", "json": '{"y": 1,\n"x": 2}', "yaml": "y: 1\nx: 2\n"}[suffix]
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())

    document = load(str(path))

    assert document.data == {"y": 1, "x": 2}
    assert document.locate("x") == Location(str(path), 2, 1)


@pytest.mark.parametrize(
    ("data", "line", "offset", "guess"),
    [
        ('a = 1\nb = "é"\n'.encode("latin-1"), 2, 11, "ISO-8859-1"),
        ("a = 1\n".encode("utf-16"), 1, 0, "UTF-16"),
        (b"\xfe\xff" + "a = 1\n".encode("utf-16-be"), 1, 0, "UTF-16"),
        (b'\xef\xbb\xbfa = "\xff"\n', 1, 8, "ISO-8859-1"),
    ],
)
def test_another_encoding_is_refused_with_the_offset_of_the_byte(tmp_path: Path, data: bytes, line: int, offset: int, guess: str) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(data)

    with pytest.raises(UnreadableFile) as caught:
        load(str(path))

    assert f"at offset {offset} " in caught.value.why
    assert data[offset] > 0x7F
    assert guess in caught.value.why
    assert guess in caught.value.fix
    assert caught.value.location == Location(str(path), line)


def test_an_empty_file_has_a_place_without_a_line() -> None:
    assert parse("", "a.toml").locate("x") == Location("a.toml")

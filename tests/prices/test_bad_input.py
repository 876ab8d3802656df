"""Every bad price book gives one clear error: its slug, the file, the line, and what to do."""

from datetime import date
from pathlib import Path

import pytest

from codeops import prices
from codeops.core.errors import CodeOpsError

HEAD = 'version = "1"\ncurrency = "USD"\n'
CPU = '[[price]]\nmeter = "compute.cpu"\nprice = "0.03"\nper = "vCPU.h"\n'
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)

CASES = [
    # name, file, content, slug, line, words of the message
    ("unknown key at the top", "b.toml", HEAD + 'extend = ["gcp"]\n', "unknown-key", 3, "write extends"),
    ("unknown key in an entry", "b.toml", HEAD + CPU + 'metre = "x"\n', "unknown-key", 7, "write meter"),
    ("unknown key in a multiplier", "b.toml", HEAD + '[[multiplier]]\nname = "x"\nfactr = "1"\n', "unknown-key", 5, "write factor"),
    ("unknown key in the simple form", "b.json", '{"compute": {\n"vcpu_hours": 1}}', "unknown-key", 2, "write vcpu_hour"),
    ("unknown table in the simple form", "b.json", '{"compute": {},\n"storag": {}}', "unknown-key", 2, "write storage"),
    ("both forms at once", "b.toml", HEAD + "[compute]\nvcpu_hour = 1\n", "unknown-key", 3, "compute"),
    ("no version", "b.toml", 'currency = "USD"\n', "invalid-value", 1, "add version"),
    ("empty version", "b.toml", 'currency = "USD"\nversion = ""\n', "invalid-value", 2, "version"),
    ("version that is a date", "b.toml", 'currency = "USD"\nversion = 2026-11-01\n', "invalid-value", 2, "in quotes"),
    ("no currency", "b.toml", 'version = "1"\n', "invalid-value", 1, "add currency"),
    ("currency in words", "b.toml", 'version = "1"\ncurrency = "dollars"\n', "invalid-value", 2, "currency"),
    ("unit that does not exist", "b.toml", HEAD + CPU.replace("vCPU.h", "parsec"), "unknown-unit", 6, "parsec"),
    ("unit that cannot price CPU", "b.toml", HEAD + CPU.replace("vCPU.h", "GiB"), "unit-mismatch", 6, "compute.cpu cannot be priced per GiB"),
    ("unit that cannot price traffic", "b.toml", HEAD + '[[price]]\nmeter = "network.egress"\nper = "GiB.mo"\nprice = 1\n', "unit-mismatch", 5, "counted in By"),
    ("unit that cannot price S3 requests", "b.toml", HEAD + '[[price]]\nmeter = "aws.s3.get"\nper = "1000 {requests}"\nprice = 1\n', "unit-mismatch", 5, "1000 {request}"),
    ("unit that cannot price an extended meter", "b.toml", HEAD + 'extends = ["gcp"]\n[[price]]\nmeter = "gcp.storage.storage"\nper = "h"\nprice = 1\n', "unit-mismatch", 6, "GiB.mo"),
    ("amount of a unit that is zero", "b.toml", HEAD + CPU.replace("vCPU.h", "0 vCPU.h"), "invalid-value", 6, "number above zero"),
    ("negative price", "b.toml", HEAD + CPU.replace("0.03", "-0.03"), "invalid-price", 3, "from zero up"),
    ("negative price in a tier", "b.toml", HEAD + '[[price]]\nmeter = "compute.cpu"\nper = "vCPU.h"\ntiers = [{ price = -1 }]\n', "invalid-price", 3, "from zero up"),
    ("negative price in the simple form", "b.json", '{"compute": {\n"vcpu_hour": -1}}', "invalid-price", 2, "from zero up"),
    ("negative overhead", "b.json", '{"platform":\n{"container_overhead_pct": -5}}', "invalid-price", 2, "write 8 for 8 %"),
    ("price beyond any bill", "b.toml", HEAD + CPU.replace('"0.03"', "1e400"), "invalid-price", 3, "below"),
    ("factor of zero", "b.toml", HEAD + '\n[[multiplier]]\nname = "x"\nfactor = 0\n', "invalid-price", 4, "not the percentage"),
    ("tiers that fall", "b.toml", HEAD + '[[price]]\nmeter = "a.b"\nper = "h"\ntiers = [{ price = 1, up_to = 5 }, { price = 1, up_to = 4 }, { price = 1 }]\n', "invalid-price", 3, "up_to"),
    ("tiers without an end", "b.toml", HEAD + '[[price]]\nmeter = "a.b"\nper = "h"\ntiers = [{ price = 1, up_to = 5 }]\n', "invalid-price", 3, "out of the last"),
    ("price that is a word", "b.toml", HEAD + CPU.replace("0.03", "cheap"), "invalid-value", 5, "cheap"),
    ("price that is NaN", "b.toml", HEAD + CPU.replace('"0.03"', "nan"), "invalid-value", 5, "nan"),
    ("price that is the text NaN", "b.toml", HEAD + CPU.replace("0.03", "NaN"), "invalid-price", 3, "NaN"),
    ("price that is NaN in JSON", "b.json", '{"compute": {\n"vcpu_hour": NaN}}', "malformed-file", 2, "NaN"),
    ("price that is NaN in YAML", "b.yaml", "compute:\n  vcpu_hour: .nan\n", "invalid-value", 2, "nan"),
    ("price that is infinite", "b.toml", HEAD + CPU.replace('"0.03"', "inf"), "invalid-value", 5, "inf"),
    ("no price at all", "b.toml", HEAD + CPU.replace('price = "0.03"\n', ""), "invalid-value", 3, "add price"),
    ("price and tiers", "b.toml", HEAD + CPU + "tiers = [{ price = 1 }]\n", "invalid-value", 3, "both a price and tiers"),
    ("no meter", "b.toml", HEAD + CPU.replace('meter = "compute.cpu"\n', ""), "invalid-value", 3, "add meter"),
    ("meter of one word", "b.toml", HEAD + CPU.replace("compute.cpu", "cpu"), "invalid-value", 4, "dots"),
    ("label without a value", "b.toml", HEAD + CPU + 'when = { region = "" }\n', "invalid-value", 7, "region"),
    ("label that is a number", "b.toml", HEAD + CPU + "when = { account = 7 }\n", "invalid-value", 7, "text"),
    ("label with no values", "b.toml", HEAD + CPU + "when = { region = [] }\n", "invalid-value", 7, "length"),
    ("overlapping validity", "b.toml", HEAD + CPU + "valid_to = 2027-01-01\n" + CPU + "valid_from = 2026-06-01\n", "overlapping-prices", 8, "b.toml:3"),
    ("the same twice", "b.toml", HEAD + CPU + CPU, "overlapping-prices", 7, "b.toml:3"),
    ("validity that never holds", "b.toml", HEAD + CPU + "valid_from = 2026-06-01\nvalid_to = 2026-01-01\n", "invalid-price", 3, "never valid"),
    ("date that is none", "b.toml", HEAD + CPU + 'valid_from = "soon"\n', "invalid-value", 7, "soon"),
    ("duplicate key in TOML", "b.toml", HEAD + 'version = "2"\n', "duplicate-key", 3, "line 1"),
    ("duplicate key in JSON", "b.json", '{"compute": {"vcpu_hour": 1,\n"vcpu_hour": 2}}', "duplicate-key", 2, "line 1"),
    ("duplicate key in YAML", "b.yaml", "compute:\n  vcpu_hour: 1\n  vcpu_hour: 2\n", "duplicate-key", 3, "line 2"),
    ("YAML alias bomb", "b.yaml", BOMB, "malformed-file", 6, "100,000 values"),
    ("YAML tag", "b.yaml", "version: !!python/object:os.system x\n", "malformed-file", 1, "tag"),
    ("TOML that is none", "b.toml", "version: 1\n", "malformed-file", 1, "TOML"),
    ("JSON that nests too deep", "b.json", '{"a":' * 5000, "malformed-file", 1, "64 levels"),
    ("Latin-1", "b.toml", (HEAD + "# é\n").encode("latin-1"), "unreadable-file", 3, "UTF-8"),
    ("UTF-16", "b.toml", HEAD.encode("utf-16"), "unreadable-file", 1, "UTF-16"),
    ("format that is not read", "b.ini", HEAD, "unreadable-file", 0, ".toml"),
    ("cloud that does not exist", "b.toml", HEAD + 'extends = [\n"gcp",\n"azur"]\n', "unknown-name", 5, 'write "azure"'),
    ("cloud that climbs out of its folder", "b.toml", HEAD + 'extends = ["../gcp"]\n', "unknown-name", 3, "known are"),
    ("extends that is no list", "b.toml", HEAD + 'extends = "gcp"\n', "invalid-value", 3, "a list"),
    ("extended file that is missing", "b.toml", HEAD + 'extends = ["no.toml"]\n', "unreadable-file", 3, "no such file"),
    ("book that extends itself", "b.toml", HEAD + 'extends = ["./b.toml"]\n', "invalid-value", 3, "b.toml → b.toml"),
    ("another currency than the extended cloud", "b.toml", 'version = "1"\ncurrency = "EUR"\nextends = ["gcp"]\n', "currency-mismatch", None, "EUR"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "slug", "line", "words"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_bad_input_gives_one_clear_error(tmp_path: Path, name: str, content: str | bytes, slug: str, line: int | None, words: str) -> None:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())

    with pytest.raises(CodeOpsError) as caught:
        prices.load(str(path))

    error = caught.value
    assert error.slug == slug
    assert words in error.explain()
    assert error.fix
    assert error.location is not None
    if line is not None:
        assert error.location.path == str(path)
        assert error.location.line == line


def test_200_megabytes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "b.toml"
    with path.open("wb") as file:
        file.truncate(200 * 2**20)

    with pytest.raises(CodeOpsError) as caught:
        prices.load(str(path))

    assert caught.value.slug == "unreadable-file"
    assert "209,715,200 bytes" in caught.value.why


def test_a_tie_names_both_entries_with_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "b.toml"
    path.write_text(HEAD + CPU + 'when = { region = "a" }\n' + CPU + 'when = { pool = "b" }\n')
    book = prices.load(str(path))

    with pytest.raises(CodeOpsError) as caught:
        book.find("compute.cpu", {"region": "a", "pool": "b"}, date(2026, 11, 1))

    assert caught.value.slug == "ambiguous-price"
    assert f"{path}:3" in caught.value.why
    assert f"{path}:8" in caught.value.why
    assert caught.value.fix


def test_an_error_in_an_extended_book_has_the_place_in_that_book(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(HEAD + 'extends = ["b.toml"]\n')
    (tmp_path / "b.toml").write_text(HEAD + CPU.replace("0.03", "-1"))

    with pytest.raises(CodeOpsError) as caught:
        prices.load(str(tmp_path / "a.toml"))

    assert str(caught.value.location) == f"{tmp_path}/b.toml:3:1"

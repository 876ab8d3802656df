"""Which counter is chosen: by what is asked, what the tolerances ask for, and what is here."""

from pathlib import Path

import pytest

from codeops.config import load
from codeops.core.errors import UnsupportedCounter
from codeops.pipeline.counter import choose

CONFIG = """
[budget]
regression = "{suite}"
{route}
[[bench.function]]
call = "work:pay"
route = "/v1/pay"

[[bench.function]]
call = "work:refund"
route = "/v1/refund"
"""
OWN = """
[budget.routes."/v1/pay"]
regression = "1 %"
"""


@pytest.fixture
def config(tmp_path):
    def make(suite: str = "8 %", route: str = ""):
        (tmp_path / "codeops.toml").write_text(CONFIG.format(suite=suite, route=route))
        return load(None, str(tmp_path))

    return make


@pytest.fixture
def path(tmp_path, monkeypatch) -> Path:
    """The only folder in which programs are found; a file of the name is enough to be on the path."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def install_valgrind(path: Path) -> None:
    (path / "valgrind").write_text("#!/bin/sh\n")
    (path / "valgrind").chmod(0o755)


@pytest.mark.parametrize(
    ("asked", "suite", "route", "counts"),
    [
        ("auto", "8 %", "", False),
        ("auto", "3 %", "", False),
        ("auto", "2.9 %", "", True),
        ("auto", "8 %", OWN, True),
        ("cpu", "1 %", "", False),
        ("instructions", "8 %", "", True),
    ],
)
def test_instructions_are_counted_when_asked_for_or_when_a_tolerance_is_below_three_percent(config, path, asked, suite, route, counts):
    install_valgrind(path)

    assert choose(config(suite, route), asked).with_instructions is counts


def test_a_fine_tolerance_without_valgrind_is_timed_and_the_report_says_so(config, path):
    counter = choose(config("1 %"), "auto")

    assert not counter.with_instructions
    assert [note.text for note in counter.notes] == [
        "a tolerance below 3% asks for counted instructions, and CPU is timed instead, because there is no valgrind on the path"
    ]


def test_instructions_that_are_asked_for_and_cannot_be_counted_are_an_error(config, path):
    with pytest.raises(UnsupportedCounter) as raised:
        choose(config(), "instructions")

    assert "there is no valgrind on the path" in raised.value.why
    assert "apt-get install valgrind" in raised.value.fix

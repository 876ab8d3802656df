"""The file of waivers as it is read, and what its page says about it."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from codeops import waivers
from codeops.core.location import Location
from codeops.core.waiver import Ceiling, Waiver, WaiverState
from codeops.gate import waiver as applied

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "waivers.md").read_text(encoding="utf-8")


def load(folder: Path, text: str) -> tuple[Waiver, ...]:
    path = folder / "cost" / "waivers.toml"
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    return waivers.load(str(path), str(folder))


def test_without_a_file_nothing_is_waived(tmp_path: Path) -> None:
    assert waivers.load(str(tmp_path / "waivers.toml"), str(tmp_path)) == ()


def test_an_empty_file_waives_nothing(tmp_path: Path) -> None:
    assert load(tmp_path, "") == ()


def test_the_example_of_the_page_is_what_it_says(tmp_path: Path) -> None:
    example = re.search(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert example

    first, second = load(tmp_path, example[1])

    assert (first.about, first.owner, first.until) == ("/v1/report", "payments", date(2026, 12, 31))
    assert first.ceiling == Ceiling(kind="regression", amount=Decimal("0.6"))
    assert first.location == Location("cost/waivers.toml", 1, 1)
    assert second.about == "monthly-increase"
    assert second.ceiling == Ceiling(kind="monthly_increase", amount=Decimal(900), currency="USD")


def test_one_route_may_be_waived_under_several_rules(tmp_path: Path) -> None:
    table = '[[waiver]]\nroute = "/a"\nrule = "{}"\nreason = "x"\nowner = "o"\nuntil = 2026-12-31\n'

    found = load(tmp_path, table.format("route-budget") + table.format("route-regression"))

    assert [waiver.about for waiver in found] == ["route-budget of /a", "route-regression of /a"]


@pytest.mark.parametrize("key", sorted(waivers.schema()["$defs"]["_Waiver"]["properties"]))
def test_every_key_is_explained(key: str) -> None:
    assert f"\n| `{key}` |" in PAGE


@pytest.mark.parametrize("state", WaiverState)
def test_every_state_is_explained(state: WaiverState) -> None:
    assert f"\n| `{state.value}` |" in PAGE


@pytest.mark.parametrize("rule", sorted(set(re.findall(r'_finding\(\s*"([a-z-]+)"', Path(applied.__file__).read_text(encoding="utf-8")))))
def test_every_finding_about_a_waiver_is_in_the_page_of_the_gate(rule: str) -> None:
    assert f"\n| `{rule}` |" in (DOCS / "gate.md").read_text(encoding="utf-8")

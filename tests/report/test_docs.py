"""docs/report.md tells every field of the report."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from codeops.core.cost import Caveat
from codeops.core.finding import Finding
from codeops.core.location import Location
from codeops.core.report import BudgetResult, Cause, MeterChange, Report, RouteResult, Side
from codeops.core.snapshot import Environment, PriceBookRef
from codeops.core.waiver import Ceiling, Waiver, WaiverResult
from codeops.discovery import names

PAGE = (Path(__file__).parents[2] / "docs" / "report.md").read_text(encoding="utf-8")
PARTS = [
    Report,
    PriceBookRef,
    Side,
    Environment,
    RouteResult,
    MeterChange,
    Cause,
    BudgetResult,
    Finding,
    WaiverResult,
    Waiver,
    Ceiling,
    Location,
    Caveat,
]


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_the_table_of_a_part_has_its_fields_in_order(part: type) -> None:
    section = re.search(rf"^### {part.__name__}\n(.*?)(?=^##)", PAGE, re.DOTALL | re.MULTILINE)

    assert section, f"docs/report.md has no section {part.__name__}"
    assert re.findall(r"^\| `(\w+)` \|", section[1], re.MULTILINE) == [field.name for field in fields(part)]


@pytest.mark.parametrize("form", names("codeops.report"))
def test_each_format_has_a_section(form: str) -> None:
    assert f"\n### {form}\n" in PAGE

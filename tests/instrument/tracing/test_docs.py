"""The page of attributes says what the registry says, and the registry what is written."""

import subprocess
import sys
from pathlib import Path

import pytest

from codeops.core.attribute import ATTRIBUTES, METRICS
from codeops.instrument import ending
from codeops.instrument.buckets import HELD
from codeops.instrument.ledger.books import BUCKETS

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "attributes.md"


def test_the_page_of_attributes_is_current():
    command = [sys.executable, "-c", "import runpy; print(runpy.run_path('tools/docs_attributes.py')['text'](), end='')"]

    made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert made == PAGE.read_text(encoding="utf-8"), "run make docs"


@pytest.mark.parametrize("name", [one.name for one in (*ATTRIBUTES, *METRICS)])
def test_every_attribute_and_metric_is_in_the_page(name):
    assert f"| `{name}` |" in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [*BUCKETS, *HELD])
def test_every_bucket_is_in_the_page(name):
    assert f"| `{name}` |" in PAGE.read_text(encoding="utf-8")


def test_every_attribute_that_is_read_is_in_the_page():
    text = PAGE.read_text(encoding="utf-8")

    assert [name for name in sorted(ending.READ) if f"`{name}`" not in text] == []

import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_table_of_packaged_prices_is_current() -> None:
    tool = runpy.run_path(str(ROOT / "tools" / "docs_prices.py"))

    assert (ROOT / "docs" / "prices.md").read_text(encoding="utf-8") == tool["text"](), "run make docs"


def test_the_page_on_price_books_names_every_rule_of_the_check() -> None:
    page = (ROOT / "docs" / "pricebook.md").read_text(encoding="utf-8")

    for rule in ("suspicious-price", "old-price", "unknown-meter", "possible-tie", "unused-multiplier"):
        assert f"`{rule}`" in page

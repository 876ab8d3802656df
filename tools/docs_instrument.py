"""Writes the table of variables in docs/instrument.md: `make docs`. A test demands that it is current."""

import re
import sys
from pathlib import Path

from codeops.instrument.settings import VARIABLES

PAGE = Path(__file__).parents[1] / "docs" / "instrument.md"
_BLOCK = re.compile(r"(<!-- variables: [^\n]*-->\n).*?(<!-- /variables -->)", re.DOTALL)


def text(page: str) -> str:
    """The page with its table as it is to be."""
    rows = "".join(f"| `{name}` | {meaning} |\n" for name, meaning in VARIABLES.items())
    table = f"| variable | what it says |\n|---|---|\n{rows}"
    return _BLOCK.sub(lambda block: block[1] + table + block[2], page)


def main() -> int:
    """Writes the table into the page."""
    PAGE.write_text(text(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(PAGE.parents[1])}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

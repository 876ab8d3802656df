"""Writes the published JSON Schemas: `make schemas`. A test demands that they are current."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from codeops import config, prices, waivers
from codeops.bench import cost_map
from codeops.bench import schema as snapshot
from codeops.report import json as report

FOLDER = Path(__file__).parents[1] / "src" / "codeops" / "schemas"

SCHEMAS: dict[str, Callable[[], dict[str, Any]]] = {
    "config": config.schema,
    "cost-map": cost_map.spell,
    "pricebook": prices.schema,
    "report": report.schema,
    "snapshot": snapshot.spell,
    "waivers": waivers.schema,
}


def text(name: str) -> str:
    """The schema `name` as it stands in its file."""
    return json.dumps(SCHEMAS[name](), indent=2) + "\n"


def main() -> int:
    """Every schema, written where the package carries it."""
    for name in SCHEMAS:
        path = FOLDER / f"{name}.schema.json"
        path.write_text(text(name), encoding="utf-8")
        print(f"wrote {path.relative_to(FOLDER.parents[2])}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

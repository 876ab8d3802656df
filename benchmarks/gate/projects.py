"""Two projects that differ by a known amount of work, or by edits that do not matter: what a gate is tried on.

Six routes from the standard library alone, with other bottlenecks each: parsing, objects, dictionaries, a database in C, strings,
and memory that no cache holds. The work of a request is a number of equal units, so that x % more units are x % more work.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

__all__ = ["ROUTES", "Scenario", "write"]

UNITS = {"json": 100, "orm": 300, "transform": 100, "sqlite": 9_000, "template": 500, "mixed": 200}
"""Units of work in a request, about 0.4 to 1.8 ms: hundreds, so that each per cent more is a whole number of them."""

ROUTES = tuple(UNITS)

_HEAD = """
import hashlib
import html
import json
import re
import sqlite3

from knobs import units
"""

_BLOCKS = {
    "json": """
def json_route(number):
    for item in range(units("json", number)):
        text = json.dumps({"id": item, "tags": [item, number % 7]})
        parsed = json.loads(text)
    return parsed
""",
    "orm": """
class Record:
    def __init__(self, row):
        self.id, self.name, self.price = row

    @property
    def label(self):
        return f"{self.id}:{self.name}"


def orm_route(number):
    total = 0
    for item in range(units("orm", number)):
        record = Record((item, "name", 3.5))
        total += len(record.label) + record.id
    return total
""",
    "transform": """
def transform_route(number):
    total = 0
    for item in range(units("transform", number)):
        table = {f"k{key * 7 % 13}": key + item for key in range(10)}
        total += sum(value for _, value in sorted(table.items()))
    return total
""",
    "sqlite": """
DATABASE = sqlite3.connect(":memory:", check_same_thread=False)
DATABASE.execute("create table item(id integer primary key, price real)")
DATABASE.executemany("insert into item values(?, ?)", [(key, key * 0.5) for key in range(20_000)])


def sqlite_route(number):
    limit = units("sqlite", number)
    return DATABASE.execute("select sum(price * price + id) from item where id < ?", (limit,)).fetchone()
""",
    "template": """
def template_route(number):
    parts = []
    for item in range(units("template", number)):
        name = html.escape(f"item <{item}>")
        parts.append(f"<li>{name}</li>")
    return "".join(parts)
""",
    "mixed": """
TABLE = {f"key{key}": key for key in range(60_000)}
WORDS = re.compile(r"[a-z]+[0-9]+")


def mixed_route(number):
    total = 0
    for item in range(units("mixed", number)):
        found = WORDS.findall("abc1 def2 ghi3")
        digest = hashlib.sha256(str(item).encode()).hexdigest()
        total += len(sorted(digest)) + len(found)
        total += sum(TABLE[f"key{(item * 7919 + step * 27644437) % 60000}"] for step in range(8))
    return total
""",
}
_LOCALS = {
    "json": ("text", "encoded"),
    "orm": ("total", "running"),
    "transform": ("table", "mapping"),
    "sqlite": ("limit", "bound"),
    "template": ("parts", "pieces"),
    "mixed": ("digest", "checksum"),
}

_KNOBS = """
UNITS = {units!r}
SLOW_TAIL = {tail!r}


def units(route, number):
    count = UNITS[route]
    return int(count * SLOW_TAIL[route]) if route in SLOW_TAIL and number % 10 == 0 else count
"""

_CONFIG = """pricebook = "prices.toml"

[budget]
regression = "{tolerance} %"
"""
_FUNCTION = """
[[bench.function]]
route = "/{name}"
call = "routes:{function}"
"""
_PRICES = """version = "study"
currency = "USD"

[[price]]
meter = "compute.cpu"
per = "vCPU.s"
price = 0.0000112444

[[price]]
meter = "compute.memory"
per = "GiB.s"
price = 0.0000012347

[[price]]
meter = "db.query"
per = "{query}"
price = 0.0000000001
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What the head does otherwise than the base.

    `kind` names it in tables. Units: `more` percent more work by route, `tail` the factor of every tenth request by route, `edits`
    how many irrelevant edits, `tolerance` percent; `copies` of each route.
    """

    kind: str
    more: Mapping[str, float] = field(default_factory=dict)
    tail: Mapping[str, float] = field(default_factory=dict)
    edits: int = 0
    tolerance: float = 8
    copies: int = 1


def write(scenario: Scenario, folder: Path, random: Random) -> tuple[Path, Path]:
    """The folders of base and head under `folder`; the paths are equally long."""
    base, head = folder / "base", folder / "head"
    _write(base, scenario, dict(_BLOCKS), UNITS, {})
    more = {route: round(count * (1 + scenario.more.get(route, 0) / 100)) for route, count in UNITS.items()}
    _write(head, scenario, _edited(dict(_BLOCKS), scenario.edits, random), more, scenario.tail)
    return base, head


def _write(root: Path, scenario: Scenario, blocks: Mapping[str, str], units: Mapping[str, int], tail: Mapping[str, float]) -> None:
    root.mkdir(parents=True)
    names = [(f"{name}{copy or ''}", f"{name}_route") for copy in range(scenario.copies) for name in ROUTES]
    functions = "".join(_FUNCTION.format(name=name, function=function) for name, function in names)
    files = {
        "knobs.py": _KNOBS.format(units=dict(units), tail=dict(tail)),
        "routes.py": _HEAD + "\n".join(blocks.values()),
        "codeops.toml": _CONFIG.format(tolerance=f"{scenario.tolerance:g}") + functions,
        "prices.toml": _PRICES,
    }
    for name, text in files.items():
        (root / name).write_text(text, encoding="utf-8")


def _edited(blocks: dict[str, str], edits: int, random: Random) -> dict[str, str]:
    for number in range(edits):
        kind = random.choice(("constant", "function", "docstring", "rename", "order"))
        route = random.choice(ROUTES)
        if kind == "order":
            names = random.sample(list(blocks), len(blocks))
            blocks = {name: blocks[name] for name in names}
        elif kind == "rename":
            route, (old, new) = random.choice(list(_LOCALS.items()))
            blocks[route] = re.sub(rf"\b{old}\b", new, blocks[route])
        elif kind == "docstring":
            blocks[route] = re.sub(r"(def \w+_route\(number\):\n)(?!    \")", rf'\1    "Edit {number} says more."\n', blocks[route])
        else:
            blocks[f"edit{number}"] = _added(kind, number, random)
    return blocks


def _added(kind: str, number: int, random: Random) -> str:
    if kind == "constant":
        return f"LIMITS_{number} = {{f'limit{{key}}': key for key in range({random.randrange(5, 500)})}}\n"
    lines = "".join(f"    value = value * {random.randrange(9)} + {line}\n" for line in range(random.randrange(1, 20)))
    return f"\ndef never_called_{number}(value):\n{lines}    return value\n"

"""Work of four kinds, of which the noise of a machine is measured: none of it waits, and none of it changes."""

import json
import re
import sqlite3
from typing import Any

__all__ = ["ROUTES", "json_items", "lookups", "objects", "queries"]

ROUTES = ("json_items", "objects", "queries", "lookups")

_ITEMS = [{"id": number, "name": f"item {number}", "values": [number] * 3} for number in range(60)]
_WORDS = re.compile(r"[a-z]+\d+")
_TABLE: dict[str, int] = {}
_KEYS, _STRIDE = 60_000, 27_644_437
_DATABASE = sqlite3.connect(":memory:", check_same_thread=False)


class _Record:
    def __init__(self, fields: dict[str, Any]) -> None:
        self.id, self.name, self.values = fields["id"], fields["name"], list(fields["values"])


def json_items() -> int:
    """Writes and reads JSON."""
    return len(json.loads(json.dumps(_ITEMS)))


def objects() -> int:
    """Makes objects and goes through them."""
    records = [_Record(fields) for _ in range(5) for fields in _ITEMS]
    return sum(record.id for record in records if record.values)


def queries() -> int:
    """Asks a database in memory."""
    if not _DATABASE.execute("select count(*) from sqlite_master").fetchone()[0]:
        _DATABASE.execute("create table item(id integer primary key, name text)")
        _DATABASE.executemany("insert into item values(?, ?)", [(fields["id"], fields["name"]) for fields in _ITEMS])
    return sum(len(_DATABASE.execute("select name from item where id > ?", (number,)).fetchall()) for number in range(20))


def lookups() -> int:
    """Looks into a table that is larger than a processor's cache, in no order."""
    if not _TABLE:
        _TABLE.update((f"key{number}", number) for number in range(_KEYS))
    chosen = (number * _STRIDE % _KEYS for number in range(400))
    return sum(_TABLE[f"key{number}"] for number in chosen) + len(_WORDS.findall("abc1 def2 " * 40))

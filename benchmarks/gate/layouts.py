"""How far the layout of memory moves a count of instructions: one and the same code, in processes whose memory is filled differently.

    python benchmarks/gate/layouts.py [--layouts 8]

Each process fills its memory with blocks of random sizes before it imports the code, and frees half of them, so that later
allocations land in other places: what an irrelevant edit does, only more so. Printed is the standard deviation of the count over
the layouts with Python's own allocator and with the one that CodeOps counts with, and the ratio of the two.
"""

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from statistics import mean, stdev
from tempfile import TemporaryDirectory

from codeops.bench import callgrind
from codeops.bench.side import Side, Start
from codeops.core.suite import FunctionCase, Plan, Suite

ROUTES = ("json_items", "objects", "dictionaries", "queries")
CODE = """
import json
import os
import random
import sqlite3

filled = random.Random(int(os.environ["LAYOUT"]))
blocks = [bytes(filled.randrange(1, 512)) for _ in range(filled.randrange(20_000))]
filled.shuffle(blocks)
blocks = blocks[: len(blocks) // 2]


class Record:
    def __init__(self, name, values):
        self.name, self.values = name, values


DATA = {f"name{number}": [number] * 5 for number in range(30)}
TABLE = sqlite3.connect(":memory:", check_same_thread=False)
TABLE.execute("create table t(a, b)")
TABLE.executemany("insert into t values(?, ?)", [(number, str(number)) for number in range(300)])


def json_items():
    for number in range(100):
        json.loads(json.dumps({"k": number, "v": [number] * 3}))


def objects():
    for number in range(100):
        [Record(name, values) for name, values in DATA.items()]


def dictionaries():
    for _ in range(100):
        sorted({f"x{number * 7 % 13}": number for number in range(10)}.items())


def queries():
    for number in range(100):
        TABLE.execute("select b from t where a = ?", (number,)).fetchall()
"""


def counts(root: Path, layout: int, *, plain: bool) -> list[float]:
    """Instructions of a call of each route in a process with this layout."""
    cases = tuple(FunctionCase(route=f"/{name}", call=f"code_under_count:{name}") for name in ROUTES)
    suite = Suite(root=str(root), functions=cases, plan=Plan())
    with TemporaryDirectory() as folder:
        start = callgrind.started(Start(env={"PYTHONHASHSEED": "1", "LAYOUT": str(layout)}), folder)
        if plain:
            start = replace(start, env={name: text for name, text in start.env.items() if name not in {"PYTHONMALLOC", "GLIBC_TUNABLES"}})
        with Side(suite, start) as side:
            side.demand_ready()
            for number in range(len(ROUTES)):
                side.time(number, 0, 0, 40)
            side.settle()
            return [side.count(number, 0, 5, 10, "callgrind") / 10 for number in range(len(ROUTES))]


def spreads(root: Path, layouts: int, *, plain: bool) -> list[float]:
    """The standard deviation over the layouts of each route's count, in percent of its mean."""
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda layout: counts(root, layout, plain=plain), range(layouts)))
    return [100 * stdev(column) / mean(column) for column in zip(*found, strict=True)]


def main() -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layouts", type=int, default=8)
    asked = parser.parse_args()
    if why := callgrind.unavailable():
        print(f"error: instructions cannot be counted: {why}", file=sys.stderr)
        return 2
    with TemporaryDirectory() as folder:
        (Path(folder) / "code_under_count.py").write_text(CODE, encoding="utf-8")
        python, ours = (spreads(Path(folder), asked.layouts, plain=plain) for plain in (True, False))
    print(f"{'route':14} {'Python’s allocator':>20} {'as CodeOps counts':>20} {'ratio':>8}")
    for name, before, after in zip(ROUTES, python, ours, strict=True):
        print(f"{name:14} {before:19.3f} % {after:18.3f} % {before / max(after, 0.001):8.0f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

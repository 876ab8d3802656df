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
from random import Random
from statistics import mean, stdev
from tempfile import TemporaryDirectory

from projects import ROUTES, Scenario, write

from codeops.bench.counters import callgrind
from codeops.bench.side import Side, Start
from codeops.core.suite import FunctionCase, Plan, Suite

FILLING = """
import os
import random

filled = random.Random(int(os.environ["LAYOUT"]))
blocks = [bytes(filled.randrange(1, 512)) for _ in range(filled.randrange(20_000))]
filled.shuffle(blocks)
blocks = blocks[: len(blocks) // 2]
"""


def counts(root: Path, layout: int, *, plain: bool) -> list[float]:
    """Instructions of a call of each route in a process with this layout."""
    cases = tuple(FunctionCase(route=f"/{name}", call=f"routes:{name}_route") for name in ROUTES)
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
        base, _ = write(Scenario(kind="same"), Path(folder), Random(1))  # ruff: ignore[suspicious-non-cryptographic-random-usage] - no edits
        routes = base / "routes.py"
        routes.write_text(FILLING + routes.read_text(encoding="utf-8"), encoding="utf-8")
        python, ours = (spreads(base, asked.layouts, plain=plain) for plain in (True, False))
    print(f"{'route':14} {'Python’s allocator':>20} {'as CodeOps counts':>20} {'ratio':>8}")
    for name, before, after in zip(ROUTES, python, ours, strict=True):
        print(f"{name:14} {before:19.3f} % {after:18.3f} % {before / max(after, 0.001):8.0f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What CodeOps costs: per task step, per span, against a bare span of OpenTelemetry, and on a FastAPI route under load.

    python benchmarks/ledger/overhead.py [--rounds N] [--python COMMAND] [--only NAME] ...

All variants are measured in turns, so that a machine that gets slower gets slower for all of them.
CPU per operation is the smallest of all repeats; the route's figures are medians of the ratios within each round.
Exit code 1 when a target is missed, 2 when something could not be measured. It belongs on a quiet machine, and gates nothing.
"""

import argparse
import os
import shlex
import statistics
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from load import requests_in
from trials import Failed, Interpreter

HERE = Path(__file__).parent
ADDED_NS = {
    ("step", "native"): 250,
    ("step", "pure"): 1_500,
    ("uvloop_step", "native"): 250,
    ("uvloop_step", "pure"): 1_500,
    ("ledger_span", "native"): 1_000,
    ("ledger_span", "pure"): 5_000,
}
"""The most that may be added, in nanoseconds of CPU."""
RATIO = {("bare_span", "native"): 1.25}
"""The most that the CPU with CodeOps may be, as a multiple of the CPU without."""
THROUGHPUT = {"native": 0.95}
"""The least throughput of the route with CodeOps, as a part of that without."""
WAYS = ("none", "native", "native-exact", "pure", "pure-exact")
OPERATIONS = {
    "step": WAYS,
    "uvloop_step": WAYS,
    "ledger_span": WAYS,
    "attach": ("none", "native", "pure"),
    "own_span": ("none", "native", "pure"),
    "bare_span": ("none", "native", "pure"),
    "request_spans": ("none", "native", "pure"),
}
SERVICES = {"none": 8151, "again": 8152, "native": 8153, "pure": 8154}
"""The way of each service with its port; `again` is `none` once more, which shows how far two equal services differ here."""
TURN_S = 0.7
"""How long one service is asked before it is the next one's turn; short, because the machine changes its pace."""
TURNS_PER_ROUND = 3


def operation_misses(python: Interpreter, name: str, rounds: int) -> list[str]:
    """Measures one operation in all its ways, prints it, and says what missed its target."""
    ways = OPERATIONS[name]
    found: dict[str, list[float]] = {way: [] for way in ways}
    for number in range(rounds):
        for way in (*ways[number % len(ways) :], *ways[: number % len(ways)]):
            found[way].append(float(python.output([str(HERE / "loops.py"), name, way])))
    none = min(found["none"])
    misses = []
    for way in ways:
        least = min(found[way])
        added, ratio = least - none, least / none
        limits = [
            (f"added, at most {ADDED_NS.get((name, way))} ns", added > ADDED_NS.get((name, way), float("inf"))),
            (f"ratio, at most {RATIO.get((name, way))}", ratio > RATIO.get((name, way), float("inf"))),
        ]
        judged = [text for text, _ in limits if not text.endswith(("None", "None ns"))]
        misses += [f"{name}, {way}: {text}" for text, is_missed in limits if is_missed]
        shown = f"{least:>9,.0f} ns{statistics.median(found[way]):>9,.0f} ns"
        difference = "" if way == "none" else f"{added:>9,.0f} ns{ratio:>8.2f}"
        print(f"{name:<15}{way:<14}{shown}{difference}  {'; '.join(judged)}", flush=True)
    return misses


@contextmanager
def services(python: Interpreter, core: int | None) -> Generator[dict[str, int]]:
    """All services, running on this core; the id of each one's process by its way."""
    started: dict[str, subprocess.Popen[bytes]] = {}
    pinned = ["taskset", "-c", str(core)] if core is not None else []
    try:
        for way, port in SERVICES.items():
            started[way] = subprocess.Popen([*pinned, *python.command, str(HERE / "service.py"), str(port), way])
        for way, port in SERVICES.items():
            _await_answer(started[way], way, port)
        yield {way: service.pid for way, service in started.items()}
    finally:
        for service in started.values():
            service.terminate()
        for service in started.values():
            service.wait()


def _await_answer(service: "subprocess.Popen[bytes]", way: str, port: int) -> None:
    end = time.monotonic() + 30
    while True:
        try:
            requests_in(port, "/items/1", 1.0)
        except OSError:
            if service.poll() is not None or time.monotonic() > end:
                raise Failed(f"the service with {way} does not answer") from None
            time.sleep(0.1)
        else:
            return


def route_misses(python: Interpreter, rounds: int) -> list[str]:
    """Measures the route with and without CodeOps in turns, prints it, and says what missed its target."""
    cores = sorted(os.sched_getaffinity(0))
    core = cores[0] if len(cores) > 1 else None
    if core is not None:
        os.sched_setaffinity(0, set(cores[1:]))
    per_s: dict[str, list[float]] = {way: [] for way in SERVICES}
    cpu_us: dict[str, list[float]] = {way: [] for way in SERVICES}
    with services(python, core) as pids:
        for number in range(rounds * TURNS_PER_ROUND):
            ways = list(SERVICES)
            for way in (*ways[number % len(ways) :], *ways[: number % len(ways)]):
                before = _cpu_ns(pids[way])
                answered = requests_in(SERVICES[way], f"/items/{number}", TURN_S)
                cpu_us[way].append((_cpu_ns(pids[way]) - before) / 1e3 / answered)
                per_s[way].append(answered / TURN_S)
    if core is not None:
        os.sched_setaffinity(0, set(cores))
    misses = []
    for way in SERVICES:
        throughput = statistics.median(with_ / without for with_, without in zip(per_s[way], per_s["none"], strict=True))
        cpu = statistics.median(with_ / without for with_, without in zip(cpu_us[way], cpu_us["none"], strict=True))
        target = THROUGHPUT.get(way)
        shown = f"{statistics.median(per_s[way]):>9,.0f} /s{statistics.median(cpu_us[way]):>9,.0f} µs CPU"
        judged = f"throughput, at least {target}" if target else ""
        print(f"{'route':<15}{way:<14}{shown}   throughput × {throughput:.3f}   CPU × {cpu:.3f}  {judged}", flush=True)
        if target and throughput < target:
            misses.append(f"route, {way}: {judged}")
    return misses


def _cpu_ns(pid: int) -> int:
    """CPU of another process in nanoseconds.

    Source: Linux, include/linux/posix-timers_types.h: a process's clock is CPUCLOCK_SCHED = 2 below its inverted id; read 2026-11-25.
    """
    return time.clock_gettime_ns((~pid << 3) | 2)


def main() -> int:
    """Measures what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument(
        "--python", default=shlex.quote(sys.executable), metavar="COMMAND", help="an interpreter in which CodeOps is installed"
    )
    parser.add_argument("--only", action="append", default=[], choices=[*OPERATIONS, "route"])
    options = parser.parse_args()
    python = Interpreter.parse(options.python)
    try:
        print(f"CPython {'.'.join(map(str, python.version))}, {options.rounds} rounds")
        print(f"{'':<29}{'smallest':>12}{'median':>12}{'added':>12}{'ratio':>8}")
        misses = [
            miss
            for name in OPERATIONS
            if not options.only or name in options.only
            for miss in operation_misses(python, name, options.rounds)
        ]
        if not options.only or "route" in options.only:
            misses += route_misses(python, options.rounds)
    except Failed as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    print("\n" + ("\n".join(f"missed: {miss}" for miss in misses) or "every target is met"))
    return int(bool(misses))


if __name__ == "__main__":
    sys.exit(main())

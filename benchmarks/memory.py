"""How far off the GiB-seconds of each route are, and what metering them costs.

Four routes really hold 1, 8, 32 and 0.2 MiB, by a mapping of their own (`--hold mmap`), so that what they let go
leaves the process. With `--hold malloc` they take it from the allocator: glibc raises its threshold for mappings to
the size of what was freed, keeps smaller pieces, and resident memory follows the requests no more; this script runs
itself a third time with MALLOC_MMAP_THRESHOLD_=65536, which fixes the threshold.

Columns: an equal share, a share by CPU time, and the meter; 0 % is right. Both meters see the same requests.

    python benchmarks/memory.py                    all of it, about seven minutes
    python benchmarks/memory.py --sample-s 0.05 --seconds 20 --hold mmap
"""

import argparse
import math
import mmap
import os
import random
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from codeops.instrument.memory import Meter
from codeops.instrument.memory.fitting import Sample, fit
from codeops.instrument.memory.resident import Resident

MIB, GIB = 2**20, 2**30
HELD_MIB = {"/a": 1.0, "/b": 8.0, "/c": 32.0, "/d": 0.2}
IN_FLIGHT = {"/a": 2.0, "/b": 1.0, "/c": 0.5, "/d": 4.0}
REQUEST_S, WORK_S = 0.2, 0.001
PAIR_US, CORE = 2.0, 0.001
"""Targets: begin and end of a request together in microseconds; the part of a core that sampling and fitting take."""


@dataclass
class Account:
    """Sums of one route: GiB-seconds held and told, CPU seconds, requests."""

    held: float = 0.0
    equal: float = 0.0
    metered: float = 0.0
    cpu_s: float = 0.0
    requests: int = 0
    methods: set[str] = field(default_factory=set)


class Mapped:
    """Holds `size` bytes in a mapping of its own, all of it resident at once."""

    def __init__(self, size: int) -> None:
        self.held = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE)

    def close(self) -> None:
        """Gives them back to the system."""
        self.held.close()


class Allocated:
    """Holds `size` bytes from malloc, every page written to."""

    def __init__(self, size: int) -> None:
        self.held = bytearray(b"x") * size

    def close(self) -> None:
        """Gives them back to the allocator."""
        del self.held


HOLDERS: dict[str, type[Mapped | Allocated]] = {"mmap": Mapped, "malloc": Allocated}


def work() -> None:
    """Some CPU, the same for every route: what a request computes says little of what it holds."""
    end = time.thread_time() + WORK_S
    while time.thread_time() < end:
        pass


class Service:
    """Requests at random times in a pool of threads, each counted by a meter that fits and one that never does."""

    def __init__(self, hold: str, sample_s: float, fit_s: float, judged_from_s: float, *, is_uneven: bool) -> None:
        self.hold, self.is_uneven = HOLDERS[hold], is_uneven
        self.metered, self.equal = Meter(sample_s=sample_s, fit_s=fit_s), Meter(sample_s=sample_s, fit_s=math.inf)
        self.accounts: dict[str, Account] = defaultdict(Account)
        self.judged_from = time.monotonic() + judged_from_s
        self.lock = threading.Lock()

    def request(self, route: str, factor: float) -> None:
        """One request; those of the second half count."""
        start, cpu = time.monotonic(), time.thread_time()
        tokens = self.metered.begin(route), self.equal.begin(route)
        size = int(HELD_MIB[route] * MIB * (factor if self.is_uneven else 1.0))
        held = self.hold(size)
        held_from = time.monotonic()
        work()
        time.sleep(REQUEST_S)
        held.close()
        held_s = time.monotonic() - held_from
        told = self.metered.end(tokens[0]), self.equal.end(tokens[1])
        cpu = time.thread_time() - cpu
        if start < self.judged_from or told[0] is None or told[1] is None:
            return
        with self.lock:
            account = self.accounts[route]
            account.held += size * held_s / GIB
            account.metered += told[0][0]
            account.equal += told[1][0]
            account.methods.add(told[0][1])
            account.cpu_s += cpu
            account.requests += 1

    def serve(self, seconds: float) -> None:
        """Requests of all routes for `seconds`."""
        dice = random.Random(20261101)  # ruff: ignore[suspicious-non-cryptographic-random-usage] - traffic that repeats
        end = time.monotonic() + seconds
        per_s = {route: count / REQUEST_S for route, count in IN_FLIGHT.items()}
        routes, rates = list(per_s), list(per_s.values())
        self.metered.start()
        self.equal.start()
        with ThreadPoolExecutor(64) as pool:
            due = time.monotonic()
            while due < end:
                pool.submit(self.request, dice.choices(routes, rates)[0], dice.uniform(0.0, 2.0))
                due += dice.expovariate(sum(rates))
                time.sleep(max(0.0, due - time.monotonic()))
        self.metered.stop()
        self.equal.stop()


def accuracy(hold: str, sample_s: float, seconds: float, *, is_uneven: bool) -> None:
    """Prints the error of each route."""
    fit_s = min(30.0, seconds / 4)
    service = Service(hold, sample_s, fit_s, judged_from_s=seconds / 2, is_uneven=is_uneven)
    service.serve(seconds)
    totals, accounts = service.metered.totals(), service.accounts
    cpu_s, told = sum(account.cpu_s for account in accounts.values()), sum(account.metered for account in accounts.values())
    threshold = os.environ.get("MALLOC_MMAP_THRESHOLD_")
    note = f", MALLOC_MMAP_THRESHOLD_={threshold}" if threshold else ""
    note += ", each request between none and twice as much" if is_uneven else ""
    print(f"\n{hold}{note}: a sample each {sample_s:g} s for {seconds:g} s, requests of {REQUEST_S} s, those of the second half")
    print(f"{'route':<8}{'holds':>10}{'requests':>10}{'equal share':>14}{'share of CPU':>14}{'the meter':>12}  method")
    for route, held_mib in HELD_MIB.items():
        account = accounts[route]
        errors = [part / account.held - 1 for part in (account.equal, told * account.cpu_s / cpu_s, account.metered)]
        shown = f"{errors[0]:>+13.0%} {errors[1]:>+13.0%} {errors[2]:>+11.0%}"
        print(f"{route:<8}{held_mib:>6} MiB{account.requests:>10}{shown}   {'/'.join(sorted(account.methods))}")
    parts = sum(totals[f"{part}_gib_s"] for part in ("idle", "retained", "allocated", "carried"))
    print(
        f"idle {totals['idle_gib_s']:.2f} + retained {totals['retained_gib_s']:.2f} + allocated {totals['allocated_gib_s']:.2f}"
        f" + carried {totals['carried_gib_s']:+.2f} = {parts:.4f}; integral {totals['integral_gib_s']:.4f} GiB-seconds"
    )


def best_s(act: Callable[[], object], times: int, repeats: int) -> float:
    """CPU seconds of one call: the least of `repeats` means over `times` calls, which another program disturbs least."""
    found = []
    for _ in range(repeats):
        start = time.thread_time()
        for _ in range(times):
            act()
        found.append((time.thread_time() - start) / times)
    return min(found)


def samples_of(routes: int) -> list[Sample]:
    """A full window in which all routes come and go."""
    dice = random.Random(1)  # ruff: ignore[suspicious-non-cryptographic-random-usage] - samples that repeat
    made: list[Sample] = []
    for _ in range(600):
        counts = tuple((f"/{number}", count) for number in range(routes) if (count := dice.choice((0, 0, 1, 2, 3))))
        size = 100 * MIB + sum(count * (1 + int(name[1:])) * MIB for name, count in counts) + dice.gauss(0.0, MIB)
        made.append((int(size), counts))
    return made


def overhead() -> bool:
    """Prints what a request, a sample and a fit cost; whether the targets are met."""
    meter = Meter(sample_s=3600.0, fit_s=math.inf)
    meter.start()
    pair_us = best_s(lambda: meter.end(meter.begin("/a")), 20_000, 30) * 1e6
    empty_us = best_s(lambda: None, 20_000, 30) * 1e6
    sample_us = best_s(meter._sample, 1000, 20) * 1e6  # ruff: ignore[private-member-access] - what the thread calls
    meter.stop()
    reading = Resident()
    read_us, open_us = best_s(reading.read, 2000, 10) * 1e6, best_s(lambda: Resident().read(), 200, 10) * 1e6
    reading.close()
    few, many = samples_of(4), samples_of(24)
    few_ms, many_ms = best_s(lambda: fit(few, 0), 1, 10) * 1e3, best_s(lambda: fit(many, 0), 1, 10) * 1e3
    core = sample_us / 1e6 + many_ms / 1e3 / 30
    print(f"Python {sys.version.split()[0]}")
    print(f"begin and end of a request   {pair_us - empty_us:7.2f} µs   target {PAIR_US} µs")
    print(f"a sample                     {sample_us:7.2f} µs   of which reading {read_us:.2f} µs; {open_us:.1f} µs if opened each time")
    print(f"a fit of 4 / 24 routes       {few_ms:7.2f} / {many_ms:.2f} ms, in a thread of its own")
    print(f"a sample a second and a fit of 24 routes each 30 s: {core:.3%} of a core   target {CORE:.1%}")
    return pair_us - empty_us <= PAIR_US and core <= CORE


def main() -> int:
    """Runs one combination, or all of them and the overhead."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hold", choices=sorted(HOLDERS))
    parser.add_argument("--uneven", action="store_true", help="each request holds between none and twice what its route holds")
    parser.add_argument("--sample-s", type=float, default=0.05)
    parser.add_argument("--seconds", type=float, default=20.0)
    given = parser.parse_args()
    if given.hold:
        accuracy(given.hold, given.sample_s, given.seconds, is_uneven=given.uneven)
        return 0
    is_met = overhead()
    plain = {name: value for name, value in os.environ.items() if name != "MALLOC_MMAP_THRESHOLD_"}
    fixed = {**plain, "MALLOC_MMAP_THRESHOLD_": "65536"}
    quick = ["--sample-s", "0.05", "--seconds", "30"]
    for arguments, environ in (
        (["--hold", "mmap", "--sample-s", "1", "--seconds", "300"], plain),
        (["--hold", "mmap", *quick], plain),
        (["--hold", "mmap", "--uneven", *quick], plain),
        (["--hold", "malloc", *quick], plain),
        (["--hold", "malloc", *quick], fixed),
    ):
        subprocess.run([sys.executable, __file__, *arguments], env=environ, check=True)
    return int(not is_met)


if __name__ == "__main__":
    sys.exit(main())

"""What a million distinct tenants cost in memory: `python benchmarks/explosion.py [tenants]`.

Each tenant makes one request with a child span and a recorded charge, in a process of its own for each ledger.
Resident memory after a tenth of the tenants, when all rows are taken, is set side by side with that at the end.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import codeops

MIB = 2**20


def resident_mib() -> float:
    """Resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MIB


def serve(tenants: range) -> None:
    """One request for each tenant."""
    for tenant in tenants:
        with codeops.span("GET /", tenant=f"tenant-{tenant}"), codeops.span("query"):
            codeops.record("charge.card", 1)


def measure(tenants: int) -> None:
    """Prints what this ledger needs."""
    serve(range(100))
    before_mib, began_s = resident_mib(), time.process_time()
    serve(range(tenants // 10))
    full_mib = resident_mib()
    serve(range(tenants // 10, tenants))
    end_mib, took_s = resident_mib(), time.process_time() - began_s
    rows = codeops.collect()
    requests, charges = sum(row.requests for row in rows), sum(row.usage.get("charge.card", 0) for row in rows)
    print(f"{os.environ['CODEOPS_LEDGER']:8}{tenants:>10,} tenants {len(rows):>6} rows", end=" ")
    print(f"{requests - 100:>10,} requests {charges - 100:>10,.0f} charges", end=" ")
    print(f"{full_mib - before_mib:6.1f} MiB when full {end_mib - before_mib:6.1f} MiB at the end", end=" ")
    print(f"{took_s / tenants * 1e6:6.1f} us each")


def main() -> None:
    """Runs both ledgers, one after the other."""
    if os.environ.get("CODEOPS_LEDGER"):
        codeops.instrument()
        measure(int(sys.argv[1]))
        return
    tenants = sys.argv[1] if len(sys.argv) > 1 else "1000000"
    for ledger in ("native", "pure"):
        subprocess.run([sys.executable, __file__, tenants], env={**os.environ, "CODEOPS_LEDGER": ledger}, check=True)


if __name__ == "__main__":
    main()

"""A program that gevent patches, before or after it is instrumented: spans in greenlets, in green threads and around both."""

import json
import sys

if sys.argv[2] == "patch first":
    from gevent import monkey

    monkey.patch_all()

import threading
import time

import codeops
from codeops.instrument import guard, running


def burn(ms: float) -> int:
    begin = time.thread_time_ns()
    while time.thread_time_ns() - begin < ms * 1e6:
        pass
    return time.thread_time_ns() - begin


def main() -> None:
    codeops.instrument(ledger=sys.argv[1], memory=False)
    if sys.argv[2] != "patch first":
        from gevent import monkey

        monkey.patch_all()
    spent: dict[str, int] = {}
    owners: list[object] = []

    def request(index: int) -> None:
        name = f"/{index % 3}"
        with codeops.span(name):
            for _ in range(5):
                spent[name] = spent.get(name, 0) + burn(0.5 * (index % 3 + 1))
                time.sleep(0.001)

    def thread() -> None:
        owners.append(running.now().accounting.keeper.current())
        burn(1)
        time.sleep(0)

    with codeops.span("/outer"):
        threads = [threading.Thread(target=request, args=(index,)) for index in range(12)]
        threads.append(threading.Thread(target=thread))
        for each in threads:
            each.start()
        spent["/outer"] = burn(12)
        for each in threads:
            each.join()
        spent["/outer"] += burn(12)
    rows = {row.name: row for row in codeops.collect()}
    accounting = running.now().accounting
    balance = accounting.balance()
    buckets = {name: row for name, row in rows.items() if not name.startswith("/")}
    print(
        json.dumps(
            {
                "errors": [repr(problem) for problem in guard.problems],
                "route_errors": [abs(rows[name].usage["compute.cpu"] * 1e9 - true) / true for name, true in spent.items()],
                "residual_ratio": balance.residual_ns / balance.process_ns,
                "thread_owner_is_none": not hasattr(owners[0], "tree"),
                "buckets": {name: row.usage.get("compute.cpu") for name, row in buckets.items()},
            }
        )
    )


main()

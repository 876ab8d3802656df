"""Spans in green threads of eventlet; with a second argument the switch is off."""

import json
import sys
import time

import eventlet

import codeops


def burn(ms: float) -> int:
    begin = time.thread_time_ns()
    while time.thread_time_ns() - begin < ms * 1e6:
        pass
    return time.thread_time_ns() - begin


def main() -> None:
    switches = ("context", "thread") if len(sys.argv) > 2 else None
    codeops.instrument(ledger=sys.argv[1], memory=False, switches=switches)
    spent: dict[str, int] = {}

    def request(index: int) -> None:
        name = f"/{index % 3}"
        with codeops.span(name):
            for _ in range(5):
                spent[name] = spent.get(name, 0) + burn(0.5 * (index % 3 + 1))
                eventlet.sleep(0.001)

    pool = eventlet.GreenPool()
    for index in range(12):
        pool.spawn(request, index)
    pool.waitall()
    rows = {row.name: row for row in codeops.collect()}
    print(json.dumps({"route_errors": [abs(rows[name].usage["compute.cpu"] * 1e9 - true) / true for name, true in spent.items()]}))


main()

"""Measures one trial in this process and prints the reading as JSON: `python measure.py '{"workload": "asyncio64", "way": "pure"}'`.

It needs nothing but the interpreter, CodeOps in it, and what the workload itself uses.
"""

import json
import os
import platform
import sys
import time
from collections.abc import Callable
from typing import Any, Protocol

import workloads
from stopwatches import NAIVE
from work import Truth
from workloads import Span


class Way(Protocol):
    """A way to measure spans."""

    @property
    def span(self) -> Span:
        """Opens a span that is measured."""

    def start(self) -> None:
        """Begins to measure."""

    def stop(self) -> None:
        """Removes whatever it put into the program."""

    def read(self) -> dict[str, dict[str, float]]:
        """Seconds so far, of `spans` and `buckets`."""


WORKLOADS: dict[str, Callable[..., Callable[[], None] | None]] = {
    name: getattr(workloads, name) for name in ("asyncio64", "fine64", "gevent64", "mix", "threads16", "trio64")
}


def way_named(name: str) -> Way:
    """The naive way, ledger or broken ledger of this name."""
    if name in NAIVE:
        return NAIVE[name]()
    import ledgers

    return ledgers.ledger_named(name)


def difference(after: dict[str, dict[str, float]], before: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    """What was added between two readings."""
    return {kind: {name: seconds - before[kind].get(name, 0.0) for name, seconds in values.items()} for kind, values in after.items()}


def measured(workload: str, way: str, options: dict[str, Any]) -> dict[str, Any]:
    """The reading of one workload of W1 to W4."""
    measuring, truth = way_named(way), Truth()
    measuring.start()
    truth.start()
    measuring.read()  # what the first reading imports is not measured
    # The process's clock is read just before the books, both times, so that both cover the same stretch.
    begin, before = time.process_time(), measuring.read()
    ending = WORKLOADS[workload](measuring.span, truth, **options)
    end, after = time.process_time(), measuring.read()
    if ending is not None:
        ending()
    truth.stop()
    measuring.stop()
    books = difference(after, before)
    return {
        "process_s": end - begin,
        "spans": books["spans"],
        "buckets": books["buckets"],
        "true": truth.seconds,
        "units": truth.units,
        "extra": {"collector_s": truth.collector_s},
    }


def main() -> int:
    """Prints the reading of the trial that the one argument describes."""
    os.environ["CODEOPS_STRICT"] = "true"  # a fault of CodeOps ends the trial instead of being logged
    trial = json.loads(sys.argv[1])
    if trial["workload"].startswith("case:"):
        import cases

        reading = cases.measured(trial["workload"].removeprefix("case:"), trial["way"])
    else:
        reading = measured(trial["workload"], trial["way"], trial.get("options", {}))
    print(json.dumps({"python": platform.python_version(), **reading}))
    return 0


if __name__ == "__main__":
    sys.exit(main())

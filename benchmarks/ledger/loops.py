"""CPU of one operation in nanoseconds, in this process and with one way to measure: `python loops.py step native`.

Prints the smallest of several repeats: whatever else the machine does can only add to it.
"""

import asyncio
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from pathlib import Path
from typing import Any

from workloads import new_uvloop

PRICEBOOK = Path(__file__).with_name("pricebook.toml")
REPEATS = 12
TASKS, STEPS = 64, 400
SPANS = 3_000


def instrument(way: str) -> bool:
    """Instruments this process with the ledger of this name, unless it is `none`."""
    if way == "none":
        return False
    import codeops

    kind, _, clock = way.partition("-")
    codeops.instrument(str(PRICEBOOK), ledger=kind, clock=clock or "adaptive", memory=False, libraries=())
    return True


def smallest_ns(repeated: Callable[[], object], count: int, clock: Callable[[], int]) -> float:
    """The least CPU of one of `count` operations."""
    least = float("inf")
    for _ in range(REPEATS):
        begin = clock()
        repeated()
        least = min(least, (clock() - begin) / count)
    return least


def step(way: str, new_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop) -> float:
    """One step of an asyncio task that is inside a span, one of 64 tasks that take turns."""
    import codeops

    def span() -> AbstractContextManager[object]:
        return codeops.span("task") if is_measured else nullcontext()

    async def one() -> None:
        with span():
            for _ in range(STEPS):
                await asyncio.sleep(0)

    async def everything() -> None:
        await asyncio.gather(*(one() for _ in range(TASKS)))

    def running() -> None:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(everything())

    is_measured = instrument(way)
    return smallest_ns(running, TASKS * STEPS, time.thread_time_ns)


def uvloop_step(way: str) -> float:
    """The same on uvloop."""
    return step(way, new_uvloop)


def ledger_span(way: str) -> float:
    """What the ledger does for one span: an account that becomes the owner of the thread, and is paid out and ended."""
    if not instrument(way):

        def repeated() -> None:
            for _ in range(SPANS):
                pass

        return smallest_ns(repeated, SPANS, time.thread_time_ns)
    keeper = import_module({"native": "codeops.instrument.ledger._native", "pure": "codeops.instrument.ledger.pure"}[way.partition("-")[0]])
    total = keeper.Account()

    def spans() -> None:
        for _ in range(SPANS):
            account = keeper.Account()
            keeper.enter(account)
            keeper.enter(None)
            keeper.finish(account)
            account.end(total)

    return smallest_ns(spans, SPANS, time.thread_time_ns)


def attach(way: str) -> float:
    """A span of OpenTelemetry that exists is made current, and is current no longer."""
    from opentelemetry import context, trace
    from opentelemetry.sdk.trace import TracerProvider

    trace.set_tracer_provider(TracerProvider())
    instrument(way)
    with trace.get_tracer("benchmark").start_as_current_span("outer") as span:
        current = trace.set_span_in_context(span)
    detached = context.Context()

    def repeated() -> None:
        for _ in range(SPANS):
            context.detach(context.attach(current))

    token = context.attach(detached)
    least = smallest_ns(repeated, SPANS, time.thread_time_ns)
    context.detach(token)
    return least


def own_span(way: str) -> float:
    """A span of CodeOps's own, with no SDK of OpenTelemetry; nothing at all without CodeOps."""
    import codeops

    is_measured = instrument(way)

    def repeated() -> None:
        for _ in range(SPANS):
            with codeops.span("work") if is_measured else nullcontext():
                pass

    return smallest_ns(repeated, SPANS, time.thread_time_ns)


def _tracer() -> Any:
    """A tracer whose spans go through the batch processor to an exporter that throws them away."""
    from discarding import provider
    from opentelemetry import trace

    trace.set_tracer_provider(provider())
    return trace.get_tracer("benchmark")


def bare_span(way: str) -> float:
    """A span of OpenTelemetry with nothing in it and no parent: the smallest there is."""
    tracer = _tracer()
    instrument(way)

    def repeated() -> None:
        for _ in range(SPANS):
            with tracer.start_as_current_span("request"):
                pass

    return smallest_ns(repeated, SPANS, time.process_time_ns)


def request_spans(way: str) -> float:
    """A span of a request as instrumentations make it: eight attributes, and three children with four attributes each; per span."""
    tracer = _tracer()
    instrument(way)
    of_server = {f"http.attribute{number}": "a value" for number in range(8)}
    of_client = {f"db.attribute{number}": "a value" for number in range(4)}

    def repeated() -> None:
        for _ in range(SPANS // 4):
            with tracer.start_as_current_span("GET /items", attributes=of_server):
                for _ in range(3):
                    with tracer.start_as_current_span("SELECT", attributes=of_client):
                        pass

    return smallest_ns(repeated, SPANS, time.process_time_ns)


OPERATIONS: dict[str, Callable[[str], float]] = {
    operation.__name__: operation for operation in (step, uvloop_step, ledger_span, attach, own_span, bare_span, request_spans)
}


if __name__ == "__main__":
    print(OPERATIONS[sys.argv[1]](sys.argv[2]))

"""W5: one small program for each way in which CPU could reach the wrong owner, with the figures that must come out."""

import asyncio
import contextvars
import gc
import os
import sys
import threading
import time
import types
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import case_processes
from claims import Books, Claim
from work import litter
from workloads import new_eager_loop

import codeops

__all__ = ["CASES", "measured"]


def cross_thread_span(books: Books) -> list[Claim]:
    """A span of OpenTelemetry that starts in a busy thread and is current, and ends, in a fresh one."""
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider

    trace.set_tracer_provider(TracerProvider())
    with books:
        tracer = trace.get_tracer("benchmark")
        books.burn("nobody", 50)
        span = tracer.start_span("cross")

        def working() -> None:
            with trace.use_span(span, end_on_exit=True):
                books.burn("cross", 10)

        _in_thread(working)
    return [books.span("cross"), books.bucket("unattributed.thread", books.truth.seconds["nobody"], 0.003)]


def bound_thread(books: Books) -> list[Claim]:
    """A thread that a span started with `codeops.bind` works for that span."""
    with books, books.ledger.span("bound"):
        books.burn("bound", 20)
        _in_thread(codeops.bind(lambda: books.burn("bound", 40)))
    return [books.span("bound", 0.001)]


def unbound_thread(books: Books) -> list[Claim]:
    """A thread that a span happened to start works for nobody: it might be a driver's, and live for ever."""
    with books, books.ledger.span("unbound"):
        books.burn("unbound", 20)
        _in_thread(lambda: books.burn("thread", 40))
    return [books.span("unbound", 0.001), books.bucket("unattributed.thread", books.truth.seconds["thread"], 0.003)]


def late_task(books: Books) -> list[Claim]:
    """What a task that outlives its request consumes is that request's, and known to be late."""

    async def background() -> None:
        await asyncio.sleep(0.005)
        books.burn("late", 25)

    async def everything() -> None:
        with books.ledger.span("request"):
            books.burn("request", 5)
            left = asyncio.create_task(background())
        await left

    with books:
        asyncio.run(everything())
    true = books.truth.seconds
    return [
        Claim("span 'request', late included", true["request"] + true["late"], books.found("spans", "request")),
        Claim("late part of 'request'", true["late"], books.found("late", "request")),
    ]


def eager_child(books: Books) -> list[Claim]:
    """A task that takes its first step inside its creator's, and is suspended in a span of its own."""

    async def child() -> None:
        with books.ledger.span("child"):
            books.burn("child", 5)
            await asyncio.sleep(0)
            books.burn("child", 5)

    async def parent() -> None:
        with books.ledger.span("parent"):
            task = asyncio.get_running_loop().create_task(child())
            books.burn("parent", 30)
            await task

    with books, asyncio.Runner(loop_factory=new_eager_loop if sys.version_info >= (3, 12) else _new_hand_eager_loop) as runner:
        runner.run(parent())
    return [books.span("parent"), books.span("child")]


def _new_hand_eager_loop() -> asyncio.AbstractEventLoop:
    """Before 3.12: the task factory of an application that takes the first step by hand, for a coroutine that then sleeps once."""

    @types.coroutine
    def rest(coroutine: Coroutine[Any, Any, Any]) -> Generator[Any, Any, None]:
        while True:
            try:
                yielded = coroutine.send(None)
            except StopIteration:
                break
            yield yielded

    def factory(loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any], **options: Any) -> "asyncio.Task[Any]":
        if getattr(coroutine, "__name__", "") != "child":
            return asyncio.Task(coroutine, loop=loop, **options)
        context = contextvars.copy_context()
        context.run(coroutine.send, None)
        return asyncio.Task(rest(coroutine), loop=loop, context=context)

    loop = asyncio.new_event_loop()
    loop.set_task_factory(factory)  # type: ignore[arg-type,unused-ignore]
    return loop


def collection_in_item(books: Books) -> list[Claim]:
    """A garbage collection in the middle of an executor item: the rest of the item is still the span's."""

    def item() -> None:
        books.burn("item", 20)
        books.truth.leaf("item", litter, 200_000)
        gc.collect()
        books.burn("item", 20)

    gc.disable()
    with books, ThreadPoolExecutor(1) as pool, books.ledger.span("item"):
        pool.submit(item).result()
    return [books.span("item", 0.001), books.bucket("runtime.gc", books.truth.collector_s)]


def anyio_worker(books: Books) -> list[Claim]:
    """A function in a worker thread of anyio, where FastAPI puts every endpoint that is not async."""
    import anyio
    import anyio.to_thread

    async def request() -> None:
        with books.ledger.span("endpoint"):
            await anyio.to_thread.run_sync(lambda: books.burn("endpoint", 20))

    with books:
        anyio.run(request)
    return [books.span("endpoint", 0.001)]


def blas_threads(books: Books) -> list[Claim]:
    """A product of matrices, half of which is done by a thread that Python does not know."""
    os.environ["OPENBLAS_NUM_THREADS"] = "2"
    import numpy as np

    matrix = np.ones((1_500, 1_500))
    matrix @ matrix  # starts the thread
    time.sleep(0.3)  # which spins for a while after its work
    with books:
        native_s = _native_threads_s()
        with books.ledger.span("product"):
            books.truth.leaf("product", lambda _: matrix @ matrix, 0)
        time.sleep(0.3)
        native_s = _native_threads_s() - native_s
    if native_s < 0.1 * books.truth.seconds["product"]:
        raise AssertionError(f"BLAS used no second thread ({native_s:.4f} s): the case shows nothing")
    return [books.span("product"), books.bucket("unattributed.native", native_s)]


def _native_threads_s() -> float:
    """CPU of the threads of this process that Python has not started."""
    known = {thread.native_id for thread in threading.enumerate()}
    total_ns = 0
    for thread in Path("/proc/self/task").iterdir():
        if int(thread.name) not in known:
            total_ns += int((thread / "schedstat").read_text("ascii").split()[0])
    return total_ns / 1e9


def _in_thread(target: Callable[[], object]) -> None:
    thread = threading.Thread(target=target)
    thread.start()
    thread.join()


CASES: dict[str, Callable[[Books], list[Claim]]] = {
    **{
        case.__name__: case
        for case in (
            cross_thread_span,
            bound_thread,
            unbound_thread,
            late_task,
            eager_child,
            collection_in_item,
            anyio_worker,
            blas_threads,
        )
    },
    **case_processes.CASES,
}
"""All cases by name."""


def measured(name: str, way: str) -> dict[str, Any]:
    """The claims of one case."""
    books = Books(way)
    return books.outcome(CASES[name](books))

"""The workloads W1 to W4: requests that interleave, each route with a known amount of work."""

import asyncio
import random
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

from work import ROUTES, UNIT, Truth, child_of, litter, native

__all__ = ["LOOPS", "NOISE", "Noise", "Span", "asyncio64", "fine64", "gevent64", "mix", "threads16", "trio64"]

Span = Callable[[str], AbstractContextManager[object]]
"""Opens a span of this name: what is being measured."""

IN_FLIGHT = 64
NOISE = "noise"
"""The key of the thread that belongs to no request."""


def route_of(request: int) -> tuple[str, int, random.Random]:
    """Route, weight and randomness of the request with this number."""
    route = list(ROUTES)[request % len(ROUTES)]
    return route, ROUTES[route], random.Random(request)  # ruff: ignore[suspicious-non-cryptographic-random-usage]


def new_eager_loop() -> asyncio.AbstractEventLoop:
    """A loop of asyncio whose tasks take their first step at once, inside their creator's."""
    loop = asyncio.new_event_loop()
    loop.set_task_factory(asyncio.eager_task_factory)  # type: ignore[attr-defined,unused-ignore]
    return loop


def new_uvloop() -> asyncio.AbstractEventLoop:
    """A loop of uvloop."""
    import uvloop

    return uvloop.new_event_loop()


class _OwnTask(asyncio.Task[Any]):
    """The task class of an application that has its own."""


def new_custom_loop() -> asyncio.AbstractEventLoop:
    """A loop with a task factory of the application's own."""

    def factory(loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any], **options: Any) -> _OwnTask:
        return _OwnTask(coroutine, loop=loop, **options)

    loop = asyncio.new_event_loop()
    loop.set_task_factory(factory)  # type: ignore[arg-type,unused-ignore]
    return loop


LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "custom": new_custom_loop,
    "eager": new_eager_loop,
    "uvloop": new_uvloop,
}
"""The event loops that a workload can use."""


async def _stepping(number: int, span: Span, truth: Truth, sleep: Callable[[float], Awaitable[object]], unit: int, steps: int) -> None:
    """One request of W1: its own work, a pause, and a child that is suspended in the middle."""
    route, weight, rng = route_of(number)
    child, child_unit = child_of(route), unit if weight else 0
    with span(route):
        for step in range(steps):
            truth.burn(route, unit * weight)
            await sleep(rng.uniform(0, 0.004) if step % 2 else 0)
            with span(child):
                truth.burn(child, child_unit)
                await sleep(0)
                truth.burn(child, child_unit)


def asyncio64(span: Span, truth: Truth, *, loop: str = "asyncio", unit: int = UNIT, steps: int = 4, requests: int = 160) -> None:
    """W1: 160 requests, 64 of them at a time, in one thread."""

    async def everything() -> None:
        gate = asyncio.Semaphore(IN_FLIGHT)

        async def one(number: int) -> None:
            async with gate:
                await _stepping(number, span, truth, asyncio.sleep, unit, steps)

        await asyncio.gather(*(one(number) for number in range(requests)))

    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        runner.run(everything())


def fine64(span: Span, truth: Truth, *, loop: str = "asyncio") -> None:
    """W4: W1 with pieces of 10 µs, about as long as one look at the clock and its surroundings."""
    asyncio64(span, truth, loop=loop, unit=150, steps=24, requests=320)


def trio64(span: Span, truth: Truth) -> None:
    """W1 under trio."""
    import trio

    async def everything() -> None:
        gate = trio.Semaphore(IN_FLIGHT)

        async def one(number: int) -> None:
            async with gate:
                await _stepping(number, span, truth, trio.sleep, UNIT, 4)

        async with trio.open_nursery() as nursery:
            for number in range(160):
                nursery.start_soon(one, number)

    trio.run(everything)


def gevent64(span: Span, truth: Truth) -> None:
    """W1 in greenlets."""
    import gevent
    from gevent.pool import Pool

    async def sleep(seconds: float) -> None:  # ruff: ignore[unused-async] - a request awaits it
        gevent.sleep(seconds)

    def one(number: int) -> None:
        request = _stepping(number, span, truth, sleep, UNIT, 4)
        try:
            request.send(None)  # nothing in it ever awaits: the greenlet itself is suspended
        except StopIteration:
            return
        raise AssertionError(f"request {number} awaited something")

    pool = Pool(IN_FLIGHT)
    for number in range(160):
        pool.spawn(one, number)
    pool.join(raise_error=True)


def threads16(span: Span, truth: Truth, *, requests: int = 160) -> None:
    """W2: 160 requests in 16 threads that compete for the GIL and leave it now and then."""

    def one(number: int) -> None:
        route, weight, _ = route_of(number)
        with span(route):
            for _ in range(4):
                truth.burn(route, UNIT * weight)
                truth.leaf(route, native, weight)
                time.sleep(0.001)
                with span(child_of(route)):
                    truth.burn(child_of(route), UNIT if weight else 0)

    with ThreadPoolExecutor(16) as pool:
        for done in [pool.submit(one, number) for number in range(requests)]:
            done.result()


def mix(span: Span, truth: Truth, *, garbage: int = 1, requests: int = 160) -> Callable[[], None]:
    """W3: tasks, executor items, garbage in cycles, and a thread that belongs to nobody; returns what ends that thread."""

    async def one(number: int) -> None:
        route, weight, _ = route_of(number)
        child, child_unit = child_of(route), UNIT if weight else 0
        loop = asyncio.get_running_loop()
        with span(route):
            truth.burn(route, UNIT * weight)
            await asyncio.sleep(0)
            await loop.run_in_executor(None, truth.leaf, route, native, 2 * weight)
            for _ in range(garbage):
                truth.leaf(route, litter, 2_000)
            await asyncio.sleep(0.001)
            await loop.run_in_executor(None, truth.burn, route, UNIT * weight)
            with span(child):
                truth.burn(child, child_unit)
                await asyncio.sleep(0)
                truth.burn(child, child_unit)

    async def everything() -> None:
        gate = asyncio.Semaphore(IN_FLIGHT)

        async def gated(number: int) -> None:
            async with gate:
                for _ in range(4):
                    await one(number)

        await asyncio.gather(*(gated(number) for number in range(requests)))

    noise = Noise(truth)
    try:
        asyncio.run(everything())
    finally:
        noise.rest()
    return noise.end


class Noise:
    """A thread of nobody's that burns 2,000 steps every 2 ms, and is still there when the books are read."""

    def __init__(self, truth: Truth) -> None:
        self._is_over, self._may_end = threading.Event(), threading.Event()
        self._truth = truth
        self._thread = threading.Thread(target=self._burning, name=NOISE)
        self._thread.start()

    def _burning(self) -> None:
        while not self._is_over.wait(0.002):
            self._truth.burn(NOISE, 2_000)
        self._may_end.wait()

    def rest(self) -> None:
        """No more work."""
        self._is_over.set()

    def end(self) -> None:
        """No more thread."""
        self._may_end.set()
        self._thread.join()

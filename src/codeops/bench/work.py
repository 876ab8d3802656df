"""One function made ready to be called over and over: counted, or timed."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import Any

from codeops.bench.block import Block, Stopwatch
from codeops.bench.counters.registry import COUNTERS
from codeops.bench.lap import Clock, Lap, drive, pin, repeat
from codeops.bench.memory.gauge import Gauge
from codeops.bench.profiles.profile import Profile, profiled
from codeops.instrument import guard
from codeops.instrument.memory.resident import resident_bytes
from codeops.instrument.tasks import task_factory

__all__ = ["Work"]


class Work:
    """A call, sync or async, in the process that it is measured in; `returned` is what it returned last."""

    def __init__(self, function: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any], root: str, gauge: Gauge) -> None:
        self._function, self._arguments, self._named, self._root = function, arguments, named, root
        self._gauge = gauge
        self._is_async = inspect.iscoroutinefunction(function)
        self._idle_bytes = resident_bytes()
        self._own_loop: asyncio.AbstractEventLoop | None = None
        self.returned: Any = None

    def once(self) -> None:
        """Calls it, and measures nothing."""
        if self._is_async:
            self._loop.run_until_complete(self._await_call(0))
        else:
            self._call(0)

    def measure(self, _start: int, requests: int) -> Block:
        """`requests` calls, each one counted.

        Raises: what the function raises; what a hook of ours failed with.
        """
        known, watch = len(guard.problems), Stopwatch(self._root, self._idle_bytes, self._gauge)
        if self._is_async:
            self._loop.run_until_complete(self._repeat(watch, requests))
        else:
            for number in range(requests):
                with watch.request():
                    self._call(number)
        for problem in guard.problems[known:]:
            raise problem
        return watch.finish()

    def time(self, washing: int, requests: int, processor: int) -> Lap:
        """A lap on one processor, with nothing counted.

        Raises: what the function raises.
        """
        pin(processor)
        clock = Clock()
        self._drive(washing, requests, clock)
        return clock.lap(requests)

    def count(self, washing: int, requests: int, counter: str) -> int:
        """How many instructions `requests` calls take together; `counter` is a name of `COUNTERS`.

        Raises: what the function raises; UnsupportedCounter where this process cannot count so.
        """
        region = COUNTERS[counter]()
        self._drive(washing, requests, region)
        return region.counted

    def profile(self, seconds: float, processor: int) -> Profile:
        """Where it spends its CPU, in calls that are made for `seconds` of it; the looks use `processor`.

        Raises: what the function raises.
        """
        with profiled(self._root, processor) as found:
            if self._is_async:
                repeat(self._await_call, 0, seconds, self._loop)
            else:
                repeat(self._call, 0, seconds, None)
        return found

    def close(self) -> None:
        """Ends the event loop, if one was needed."""
        if self._own_loop is not None:
            self._own_loop.close()

    def _drive(self, washing: int, requests: int, around: AbstractContextManager[object]) -> None:
        if self._is_async:
            drive(self._await_call, 0, washing, requests, self._loop, around)
        else:
            drive(self._call, 0, washing, requests, None, around)

    def _call(self, _number: int) -> None:
        self.returned = self._function(*self._arguments, **self._named)

    async def _await_call(self, _number: int) -> None:
        awaited: Awaitable[Any] = self._function(*self._arguments, **self._named)
        self.returned = await awaited

    async def _repeat(self, watch: Stopwatch, requests: int) -> None:
        for number in range(requests):
            with watch.request():
                await self._await_call(number)

    @property
    def _loop(self) -> asyncio.AbstractEventLoop:
        if self._own_loop is None:
            self._own_loop = asyncio.new_event_loop()
            self._own_loop.set_task_factory(task_factory)
        return self._own_loop

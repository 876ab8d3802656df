"""A service in fake time: requests that hold known memory for known times, sampled once a second like a real one."""

import heapq
import random
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from codeops.instrument.memory import Meter
from codeops.instrument.memory.allocation import Allocation
from codeops.instrument.memory.fitting import fit

MIB = 2**20
BASELINE_BYTES = 200 * MIB


@dataclass(frozen=True)
class Route:
    """Requests that start `per_s` times a second, each with those of the routes `along`, last `seconds` and hold `held_mib`."""

    per_s: float
    seconds: float
    held_mib: float
    along: tuple[str, ...] = ()


@dataclass
class Result:
    """What each route held, and what it was told; how many fits there were and how many found weights."""

    held: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    told: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    requests: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    unpaid: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    methods: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    fits: int = 0
    found: int = 0
    allocation: Allocation | None = None
    ended_at: float = 0.0

    def error(self, route: str) -> float:
        """How far off the route is: 0.1 is 10 % too much."""
        return self.told[route] / self.held[route] - 1.0

    @property
    def worst(self) -> float:
        return max(abs(self.error(route)) for route in self.held)


def facts_routes(seconds: float) -> dict[str, Route]:
    """The four routes of the facts, as much memory in flight in each of them whatever the duration."""
    held_mib = {"/a": 1.0, "/b": 8.0, "/c": 32.0, "/d": 0.2}
    in_flight = {"/a": 1.0, "/b": 0.5, "/c": 0.25, "/d": 2.0}
    return {name: Route(in_flight[name] / seconds, seconds, held_mib[name]) for name in held_mib}


def serve(
    routes: dict[str, Route],
    *,
    seconds: float = 900.0,
    judged_from: float = 120.0,
    seed: int = 20261101,
    extra: Callable[[float, random.Random], float] = lambda now, dice: 0.0,
    settle: Callable[[float, float], float] = lambda held, before: held,
    open_books: Callable[[float, int], Allocation] = Allocation,
    is_fitted: bool = True,
) -> Result:
    """Runs the service for `seconds`; `extra` bytes beside the requests' own, `settle` says what the allocator leaves resident."""
    dice, order = random.Random(seed), count()
    events: list = []
    result = Result()
    books = result.allocation = open_books(0.0, BASELINE_BYTES)
    window: deque = deque(maxlen=600)
    held = resident = 0.0

    def push(at: float, *event: object) -> None:
        heapq.heappush(events, (at, next(order), *event))

    for name, route in routes.items():
        if route.per_s:
            push(dice.expovariate(route.per_s), "arrive", name)
    push(1.0, "sample", None)
    fitted_at = 0.0
    while events[0][0] <= seconds:
        now, _, what, about = heapq.heappop(events)
        if what == "arrive":
            route = routes[about]
            push(now + dice.expovariate(route.per_s), "arrive", about)
            end = now + dice.expovariate(1.0 / route.seconds)
            for name in (about, *route.along):
                size = routes[name].held_mib * MIB
                held += size
                push(end, "end", (name, books.begin(now, books.route(name)), now, size))
        elif what == "end":
            name, share, start, size = about
            held -= size
            told = books.end(now, share)
            if start >= judged_from:
                result.held[name] += size * (now - start)
                result.told[name] += told
                result.requests[name] += 1
                result.unpaid[name] += not told
                result.methods[name].add(share.method)
        else:
            push(now + 1.0, "sample", None)
            resident = settle(held, resident)
            size = int(BASELINE_BYTES + resident + extra(now, dice))
            books.sample(now, size)
            window.append((size, books.counts()))
            if is_fitted and now - fitted_at >= 30.0:
                fitted_at = now
                weights = fit(tuple(window), books.baseline_bytes)
                books.adopt(weights)
                result.fits += 1
                result.found += weights is not None
    result.ended_at = seconds
    return result


def serve_in_child(connection) -> None:
    """One request in a process of its own, which says whether it was told its share."""
    meter = Meter(sample_s=0.01)
    meter.start()
    token = meter.begin("/child")
    time.sleep(0.1)
    connection.send(meter.end(token) is not None)

"""Who held the memory: shares it over the requests in flight so that nothing is lost and nothing is counted twice.

Resident memory is known at samples and taken to stay as it is until the next one. Of each moment's memory

- the part below the baseline is idle: the interpreter, its modules, pools;
- the rest, the dynamic part, is shared by everything in flight in proportion to its weight. What no request holds
  (a cache, a leak, what the allocator keeps) takes part with a weight of its own once that is known; with nothing in
  flight it has all of it.

Every request's share is found in constant time by virtual time, as in fair queueing: V grows by dynamic / (sum of the
weights) per second, so a request of weight w in flight from a to b has held w·(V(b) − V(a)) byte-seconds. That is its
exact integral however short the request was, and the shares of all add up to the dynamic memory for any weights.

Source: A. K. Parekh, R. G. Gallager, A generalized processor sharing approach to flow control, IEEE/ACM Transactions
on Networking 1(3), 1993: the virtual time V(t).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

__all__ = ["EQUAL", "FITTED", "OTHER", "Allocation", "Route", "Share", "Totals", "Weights"]

EQUAL, FITTED = "equal", "fitted"
"""How an amount was allocated: by an equal share, or by the memory that requests of its route were found to hold."""

OTHER = ""
"""The name under which routes that have no books of their own are counted together."""

_ROUTES_MAX = 64
_WARM_REQUESTS = 10
"""What the first requests load for good (modules, connections, caches of code) belongs to the baseline."""


class Route:
    """All requests of one name: how many are in flight, and the weight of the next one."""

    __slots__ = ("in_flight", "method", "name", "weight")

    def __init__(self, name: str, weight: float, method: str) -> None:
        self.name, self.weight, self.method = name, weight, method
        self.in_flight = 0


class Share:
    """One request in flight: it keeps the weight that it started with. Only `Allocation.begin` fills it in."""

    __slots__ = ("books", "is_open", "method", "route", "since", "weight")

    books: "Allocation"
    route: Route
    weight: float
    method: str
    since: float
    is_open: bool


@dataclass(frozen=True, slots=True)
class Weights:
    """What requests were found to hold.

    Units: bytes: of one request of each route in `of_route`, of one of any other route, of the `average` request, and
    of what no request holds.
    """

    of_route: Mapping[str, float]
    other: float
    average: float
    retained: float


@dataclass(frozen=True, slots=True)
class Totals:
    """Byte-seconds since the start: `idle + retained + allocated` is `integral`, `ended` is the part of `allocated` told.

    Units: byte-seconds; `resident_bytes` and `baseline_bytes` are bytes, of the last sample.
    """

    idle: float
    retained: float
    allocated: float
    ended: float
    integral: float
    resident_bytes: int
    baseline_bytes: int


class Allocation:
    """The books of one process; every method is told the time, in seconds of any clock that never goes back.

    Not locked: the caller lets one thread in at a time. Where state is changed nothing is called, so that a signal
    handler or a finalizer that starts a request of its own finds the books either before or after, never between.
    """

    def __init__(self, now: float, resident_bytes: int) -> None:
        self._now = self._settled_at = now
        self._resident = self._baseline = resident_bytes
        self._dynamic = 0
        self._virtual = self._virtual_settled = 0.0
        self._busy_s = 0.0
        self._weight = self._retained_weight = 0.0
        self._unit_bytes, self._equal_weight = 0.0, 1.0
        self._in_flight = self._seen = 0
        self._is_warm = False
        self._idle = self._retained = self._allocated = self._ended = self._integral = 0.0
        self._other = Route(OTHER, 1.0, EQUAL)
        self.routes: dict[str, Route] = {OTHER: self._other}

    def route(self, name: str) -> Route:
        """The route called `name`; one for all others once there are too many."""
        found = self.routes.get(name)
        if found is None:
            if len(self.routes) >= _ROUTES_MAX:
                return self._other
            found = self.routes[name] = Route(name, self._other.weight, EQUAL)
        return found

    def begin(self, now: float, route: Route) -> Share:
        """A request starts; what it held is told by `end`."""
        share = Share()
        # `_advance`, written out here and in `end`: a call costs a tenth of what the whole may cost.
        elapsed = now - self._now
        if elapsed > 0.0:
            if self._in_flight:
                self._virtual += elapsed * self._dynamic / self._weight
                self._busy_s += elapsed
            self._now = now
        share.books, share.route, share.method = self, route, route.method
        share.weight = weight = route.weight
        share.since = self._virtual
        share.is_open = True
        self._in_flight += 1
        self._weight += weight
        route.in_flight += 1
        return share

    def end(self, now: float, share: Share) -> float:
        """Byte-seconds that the request held; zero for one that has ended before."""
        elapsed = now - self._now
        if elapsed > 0.0:
            if self._in_flight:
                self._virtual += elapsed * self._dynamic / self._weight
                self._busy_s += elapsed
            self._now = now
        if not share.is_open:
            return 0.0
        share.is_open = False
        held = share.weight * (self._virtual - share.since)
        self._in_flight -= 1
        self._seen += 1
        share.route.in_flight -= 1
        # Sums of floats drift; with nothing in flight the sum is known.
        self._weight = self._weight - share.weight if self._in_flight else self._retained_weight
        self._ended += held
        return held

    def sample(self, now: float, resident_bytes: int) -> None:
        """Resident memory is `resident_bytes` from now on."""
        self._settle(now)
        if not self._in_flight:
            if resident_bytes < self._baseline or not self._is_warm:
                self._baseline = resident_bytes
            self._is_warm = self._seen >= _WARM_REQUESTS
        self._resident = resident_bytes
        self._dynamic = resident_bytes - self._baseline if resident_bytes > self._baseline else 0

    def adopt(self, now: float, weights: Weights | None) -> None:
        """Requests that start from now on have these weights; None is an equal share for all.

        What is in flight keeps its weight, so weights have to compare from one fit to the next, and with the equal
        share of 1 before the first: the unit is what the average request held when weights were found first.
        """
        if weights and not self._unit_bytes:
            self._unit_bytes = weights.average
        unit = self._unit_bytes or 1.0
        retained = weights.retained / unit if weights else 0.0
        self._settle(now)
        self._weight = self._weight - self._retained_weight + retained if self._in_flight else retained
        self._retained_weight = retained
        if weights:
            self._equal_weight = weights.average / unit
        self._other.weight = weights.other / unit if weights else self._equal_weight
        for route in self.routes.values():
            found = weights.of_route.get(route.name) if weights else None
            route.weight, route.method = (self._other.weight, EQUAL) if found is None else (found / unit, FITTED)

    def forget(self, seen: Iterable[str]) -> None:
        """Makes room for new names: routes with nothing in flight stay only if they are among `seen`."""
        kept = {OTHER, *seen}
        if len(self.routes) >= _ROUTES_MAX:
            self.routes = {name: route for name, route in self.routes.items() if route.in_flight or name in kept}

    @property
    def baseline_bytes(self) -> int:
        """What the process holds when nothing is in flight, as far as that was seen."""
        return self._baseline

    def counts(self) -> tuple[tuple[str, int], ...]:
        """How many requests of each route are in flight now; routes with none are left out."""
        return tuple((route.name, route.in_flight) for route in self.routes.values() if route.in_flight)

    def totals(self, now: float) -> Totals:
        """Everything up to now."""
        self._settle(now)
        return Totals(self._idle, self._retained, self._allocated, self._ended, self._integral, self._resident, self._baseline)

    def _advance(self, now: float) -> None:
        elapsed = now - self._now
        if elapsed > 0.0:  # two threads may read the clock in one order and come here in the other
            if self._in_flight:
                self._virtual += elapsed * self._dynamic / self._weight
                self._busy_s += elapsed
            self._now = now

    def _settle(self, now: float) -> None:
        """Pays the buckets for the time since the last time: memory, baseline and retained weight were constant."""
        self._advance(now)
        elapsed = self._now - self._settled_at
        kept = self._retained_weight * (self._virtual - self._virtual_settled)
        self._integral += self._resident * elapsed
        self._idle += (self._resident - self._dynamic) * elapsed
        self._allocated += self._dynamic * self._busy_s - kept
        self._retained += self._dynamic * (elapsed - self._busy_s) + kept
        self._settled_at = self._now
        self._virtual_settled = self._virtual
        self._busy_s = 0.0

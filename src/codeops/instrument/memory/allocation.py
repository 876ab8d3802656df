"""Who held the memory: shares it over the requests in flight so that nothing is lost and nothing is counted twice.

Resident memory is known at samples. Of each sample, until the next one,

- the part below the baseline is idle: the interpreter, its modules, pools;
- the rest, the dynamic part, belongs to those in flight at the sample in proportion to their weights. What no request
  holds (a cache, a leak, what the allocator keeps) takes part with a weight of its own once that is known; with
  nothing in flight it has all of it.

A request that is in flight at samples gets its part of each of them. But most requests start and end between two
samples, and those that do happen to be in flight at one mostly end long before the next. So what is left of a sample
when its holders have ended is carried over, and requests are paid from that until their first sample, at the usual
rate: what a weight of one was seen to hold. On average the two are equal, because a sample falls into every moment of
a request alike; what is carried steers the rate back to that. Without it, a request of 50 ms that holds nothing beside
one of 32 MiB would get a good part of the 32 MiB, sampled once a second.

Every share takes constant time, by virtual time, as in fair queueing: the byte-seconds of a weight of one are a sum
that grows with time, and a request in flight from a to b gets its weight times the growth between. Shares of requests
however short, the buckets, and what is carried add up to the integral, for any weights.

Source: A. K. Parekh, R. G. Gallager, A generalized processor sharing approach to flow control, IEEE/ACM Transactions
on Networking 1(3), 1993: the virtual time V(t).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

__all__ = ["EQUAL", "FITTED", "OTHER", "Allocation", "Interval", "Route", "Share", "Totals", "Weights"]

EQUAL, FITTED = "equal", "fitted"
"""How an amount was allocated: by an equal share, or by the memory that requests of its route were found to hold."""

OTHER = ""
"""The name under which routes that have no books of their own are counted together."""

_ROUTES_MAX = 64
_WARM_REQUESTS = 10
"""What the first requests load for good (modules, connections, caches of code) belongs to the baseline."""

_USUAL_S = 120.0
"""How long a sample counts for the usual rate: long against a request, short against a change of the traffic."""

_CARRIED_S = 300.0
"""In how many seconds the rate would bring what is carried to nothing."""


class Route:
    """All requests of one name: how many are in flight, and the weight of the next one."""

    __slots__ = ("in_flight", "method", "name", "weight")

    def __init__(self, name: str) -> None:
        self.name, self.weight, self.method = name, 1.0, EQUAL
        self.in_flight = 0


class Interval:
    """The time from one sample to the next: all requests that started in it are seen by the same samples after it."""

    __slots__ = ("shift",)

    shift: float
    """Set at its end: the virtual time of those seen, less that of those not seen yet."""


class Share:
    """One request in flight: it keeps the weight that it started with. Only `Allocation.begin` fills it in."""

    __slots__ = ("books", "interval", "is_open", "method", "route", "since", "weight")

    books: "Allocation"
    route: Route
    interval: Interval
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
    """Byte-seconds since the start: `idle + retained + allocated + carried` is `integral`.

    `ended` is the part of `allocated` that requests were told at their end; `carried` is not allocated yet, or, below
    zero, allocated in advance.

    Units: byte-seconds; `resident_bytes` and `baseline_bytes` are bytes, of the last sample.
    """

    idle: float
    retained: float
    allocated: float
    carried: float
    ended: float
    integral: float
    resident_bytes: int
    baseline_bytes: int


class Allocation:
    """The books of one process; every method is told the time, in seconds of any clock that never goes back.

    Not locked: the caller lets one thread in at a time. `begin` and `end` call nothing once they have read the books, so
    that a signal handler or a finalizer that starts a request of its own comes before or after them, never between.
    """

    __slots__ = (
        "_allocated",
        "_baseline",
        "_carried",
        "_dynamic",
        "_ended",
        "_equal_weight",
        "_finished",
        "_fitted",
        "_idle",
        "_in_flight",
        "_integral",
        "_interval",
        "_is_warm",
        "_kept_rate",
        "_new_moment",
        "_new_rate",
        "_new_weight",
        "_other",
        "_resident",
        "_retained",
        "_retained_weight",
        "_sampled_at",
        "_seen_moment",
        "_seen_rate",
        "_seen_weight",
        "_unit_bytes",
        "_usual_bytes",
        "_usual_new",
        "_usual_s",
        "_usual_weight",
        "_virtual",
        "routes",
    )

    def __init__(self, now: float, resident_bytes: int) -> None:
        self._sampled_at = now
        self._resident = self._baseline = resident_bytes
        self._dynamic = 0
        self._is_warm = False
        # Of the interval: bytes of a weight of one that was seen, or is new; bytes that no request holds.
        self._seen_rate = self._new_rate = self._kept_rate = 0.0
        self._virtual = 0.0
        # Weights in flight now, and the sum of each change of a weight times the seconds since the sample.
        self._seen_weight = self._seen_moment = self._new_weight = self._new_moment = 0.0
        self._interval = Interval()
        self._in_flight = self._finished = 0
        self._idle = self._retained = self._allocated = self._carried = self._ended = self._integral = 0.0
        # Means over the last minutes: bytes seen and the weights that held them; weight-seconds of new requests.
        self._usual_bytes = self._usual_weight = self._usual_new = self._usual_s = 0.0
        self._unit_bytes, self._equal_weight, self._retained_weight = 0.0, 1.0, 0.0
        self._other = Route(OTHER)
        self._fitted: dict[str, float] = {}
        self.routes: dict[str, Route] = {OTHER: self._other}
        """Route by name, for who would rather not call `route`."""

    def route(self, name: str) -> Route:
        """The route called `name`; one for all others once there are too many."""
        found = self.routes.get(name)
        if found is None:
            if len(self.routes) >= _ROUTES_MAX:
                return self._other
            found = self.routes[name] = Route(name)
            self._weigh(found)
        return found

    def begin(self, now: float, route: Route) -> Share:
        """A request starts; what it held is told by `end`."""
        share = Share()
        offset = now - self._sampled_at
        share.books, share.interval, share.route, share.method = self, self._interval, route, route.method
        share.weight = weight = route.weight
        share.since = self._new_rate * offset
        share.is_open = True
        self._new_weight += weight
        self._new_moment += weight * offset
        self._in_flight += 1
        route.in_flight += 1
        return share

    def end(self, now: float, share: Share) -> float:
        """Byte-seconds that the request held; zero for one that has ended before."""
        if not share.is_open:
            return 0.0
        share.is_open = False
        offset = now - self._sampled_at
        weight = share.weight
        if share.interval is self._interval:
            virtual = self._new_rate * offset
            self._new_weight -= weight
            self._new_moment -= weight * offset
        else:
            virtual = self._virtual + self._seen_rate * offset - share.interval.shift
            self._seen_weight -= weight
            self._seen_moment -= weight * offset
        held = weight * (virtual - share.since)
        self._in_flight -= 1
        self._finished += 1
        share.route.in_flight -= 1
        self._ended += held
        return held

    def sample(self, now: float, resident_bytes: int) -> None:
        """Resident memory is `resident_bytes` from now on."""
        interval, elapsed = Interval(), now - self._sampled_at
        new = self._new_weight * elapsed - self._new_moment
        paid = self._seen_rate * (self._seen_weight * elapsed - self._seen_moment) + self._new_rate * new
        self._integral += self._resident * elapsed
        self._idle += (self._resident - self._dynamic) * elapsed
        self._retained += self._kept_rate * elapsed
        self._allocated += paid
        self._carried += (self._dynamic - self._kept_rate) * elapsed - paid
        self._virtual += self._seen_rate * elapsed
        self._interval.shift = self._virtual - self._new_rate * elapsed
        self._interval, self._sampled_at = interval, now
        # Sums of floats drift; with nothing in flight they are known.
        self._seen_weight = self._seen_weight + self._new_weight if self._in_flight else 0.0
        self._seen_moment = self._new_weight = self._new_moment = 0.0
        if not self._in_flight:
            if resident_bytes < self._baseline or not self._is_warm:
                self._baseline = resident_bytes
            self._is_warm = self._finished >= _WARM_REQUESTS
        self._resident = resident_bytes
        self._dynamic = resident_bytes - self._baseline if resident_bytes > self._baseline else 0
        self._seen_rate = self._dynamic / (self._seen_weight + self._retained_weight) if self._in_flight else 0.0
        self._kept_rate = self._seen_rate * self._retained_weight if self._in_flight else float(self._dynamic)
        self._learn(elapsed, new)

    def _learn(self, elapsed: float, new: float) -> None:
        """Finds the rate at which requests are paid until they are seen; anything else than right is only less fair."""
        fading = 1.0 - elapsed / _USUAL_S if elapsed < _USUAL_S else 0.0
        self._usual_bytes = self._usual_bytes * fading + self._seen_rate * self._seen_weight
        self._usual_weight = self._usual_weight * fading + self._seen_weight
        self._usual_new = self._usual_new * fading + new
        self._usual_s = self._usual_s * fading + elapsed
        usual = self._usual_bytes / self._usual_weight if self._usual_weight else 0.0
        steering = self._carried * self._usual_s / (_CARRIED_S * self._usual_new) if self._usual_new else 0.0
        self._new_rate = min(max(0.0, usual + steering), 2.0 * usual)

    def adopt(self, weights: Weights | None) -> None:
        """Requests that start from now on have these weights; None is an equal share for all.

        What is in flight keeps its weight, so weights have to compare from one fit to the next, and with the equal
        share of 1 before the first: the unit is what the average request held when weights were found first.
        """
        if weights and not self._unit_bytes:
            self._unit_bytes = weights.average
        unit = self._unit_bytes or 1.0
        self._retained_weight = weights.retained / unit if weights else 0.0
        if weights:
            self._equal_weight = weights.average / unit
            self._usual_bytes, self._usual_weight = unit, 1.0
        self._fitted = {name: found / unit for name, found in weights.of_route.items()} if weights else {}
        self._other.weight = weights.other / unit if weights else self._equal_weight
        for route in self.routes.values():
            self._weigh(route)

    def _weigh(self, route: Route) -> None:
        found = self._fitted.get(route.name)
        route.weight, route.method = (self._other.weight, EQUAL) if found is None else (found, FITTED)

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
        elapsed = now - self._sampled_at
        paid = self._seen_rate * (self._seen_weight * elapsed - self._seen_moment)
        paid += self._new_rate * (self._new_weight * elapsed - self._new_moment)
        return Totals(
            idle=self._idle + (self._resident - self._dynamic) * elapsed,
            retained=self._retained + self._kept_rate * elapsed,
            allocated=self._allocated + paid,
            carried=self._carried + (self._dynamic - self._kept_rate) * elapsed - paid,
            ended=self._ended,
            integral=self._integral + self._resident * elapsed,
            resident_bytes=self._resident,
            baseline_bytes=self._baseline,
        )

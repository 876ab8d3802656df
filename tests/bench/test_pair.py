"""What a pair makes of its laps: rare slow requests are seen, bursts are not."""

from math import exp
from random import Random

import pytest

from codeops.bench.lap import Lap
from codeops.bench.pairs.pair import Course

MS = 1_000_000


def lap(requests: int, cpu_ns: float) -> Lap:
    return Lap(requests=requests, cpu_ns=round(cpu_ns), wall_ns=round(cpu_ns))


def with_tail(requests: int, start: int) -> float:
    """The CPU of requests of which every tenth takes 2.5 ms, and the others 1 ms."""
    return sum(2.5 * MS if number % 10 == 0 else MS for number in range(start, start + requests))


@pytest.mark.parametrize("requests", [4, 8, 9, 20])
def test_every_tenth_request_that_is_slow_is_part_of_the_change(requests: int) -> None:
    random = Random(requests)
    course = Course()
    for _ in range(24):
        course.base.append(lap(requests, requests * MS))
        course.head.append(lap(requests, with_tail(requests, random.randrange(10))))

    assert 1.08 < exp(course.cpu) < 1.25


@pytest.mark.parametrize("requests", [2, 8, 20])
def test_what_comes_between_some_couples_is_no_change(requests: int) -> None:
    course = Course()
    for couple in range(24):
        burst = 1.8 if couple in {3, 4, 5, 6} else 1.0
        course.base.append(lap(requests, requests * MS))
        course.head.append(lap(requests, burst * requests * MS))

    assert exp(course.cpu) == pytest.approx(1.0)


@pytest.mark.parametrize("couples", [1, 2, 3, 5])
def test_a_slow_route_with_few_couples_has_a_change_too(couples: int) -> None:
    course = Course(base=[lap(1, 100 * MS)] * couples, head=[lap(1, 110 * MS)] * couples)

    assert exp(course.cpu) == pytest.approx(1.1)

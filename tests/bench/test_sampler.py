import pytest

from codeops.bench.block import Block
from codeops.bench.sampler import sample
from codeops.core.suite import Plan

ROWS = [
    ("fast requests stop at the maximum", Plan(warmup=2, min_samples=5, max_samples=50, seconds=10), 0.001, 50),
    ("slow ones at the minimum", Plan(warmup=0, min_samples=5, max_samples=50, seconds=1), 2.0, 5),
    ("between them the time decides", Plan(warmup=0, min_samples=5, max_samples=1000, seconds=1), 0.01, 100),
    ("no time asked is the minimum", Plan(warmup=0, min_samples=3, max_samples=9, seconds=0), 0.01, 3),
    ("the maximum goes before the minimum", Plan(warmup=0, min_samples=9, max_samples=3, seconds=0), 0.01, 3),
]


@pytest.mark.parametrize(("claim", "plan", "each_s", "expected"), ROWS, ids=[row[0] for row in ROWS])
def test_how_many_requests_are_measured(claim, plan, each_s, expected):
    asked, parts = [], []

    def measure(start, requests):
        asked.append((start, requests))
        return Block(cpu_ns=[1] * requests, wall_ns=[round(each_s * 1e9)] * requests, held_bytes=None, lines=[])

    blocks = sample(plan, measure, parts.append)

    assert sum(len(block.cpu_ns) for block in blocks) == expected
    numbers = [number for start, requests in asked for number in range(start, start + requests)]
    assert numbers == list(range(plan.warmup + expected))
    assert max(requests for _, requests in asked) * each_s <= max(0.101, each_s)
    assert parts == sorted(parts)
    assert parts[-1] >= 1

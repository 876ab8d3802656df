"""How many requests of a case are measured, and in blocks of which size."""

from collections.abc import Callable

from codeops.bench.block import Block
from codeops.core.suite import Plan

__all__ = ["sample"]

_BLOCK_S = 0.1
"""Wall time of a block in seconds: long against what surrounds it, short enough to move a progress bar."""


def sample(plan: Plan, measure: Callable[[int, int], Block], on_progress: Callable[[float], None]) -> list[Block]:
    """Blocks until `plan` is fulfilled, after its warm-up; `measure(start, requests)` makes one.

    `on_progress` gets the part that is done, from 0 to 1.
    """
    for number in range(plan.warmup):
        measure(number, 1)
    blocks: list[Block] = []
    done, spent_ns, size = 0, 0, 1
    while done < plan.max_samples and (done < plan.min_samples or spent_ns < plan.seconds * 1e9):
        block = measure(plan.warmup + done, size)
        blocks.append(block)
        done += len(block.wall_ns)
        spent_ns += sum(block.wall_ns)
        spent_s = spent_ns / 1e9
        each_s = max(spent_s / done, 1e-9)
        left = max(plan.min_samples - done, round((plan.seconds - spent_s) / each_s), 1)
        size = max(1, min(round(_BLOCK_S / each_s), left, plan.max_samples - done))
        on_progress(max(done / plan.max_samples, min(done / plan.min_samples, spent_s / plan.seconds if plan.seconds else 1.0, 1.0)))
    return blocks

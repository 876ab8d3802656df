"""How much CPU and memory the container may use at most, from its control groups."""

from dataclasses import dataclass
from decimal import Decimal

from codeops.instrument.place.control_group import folders, text_of

__all__ = ["Limits", "read"]

_NO_LIMIT_BYTES = 2**60
"""cgroup v1 spells "no limit" as a number near 2^63, rounded to pages."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What this process and its neighbours in the container may use together; None where no limit was found.

    Units: `cpu` in vCPU, `memory_bytes` bytes.
    """

    cpu: Decimal | None = None
    memory_bytes: int | None = None


def read(proc: str = "/proc") -> Limits:
    """The tightest limits from this group up to the root, v1, v2 or hybrid.

    Each file is looked for by itself: on a hybrid system some controllers are in v1 and others in v2.
    """
    cpu: list[Decimal] = []
    memory: list[int] = []
    for folder in folders(proc):
        quota = text_of(folder / "cpu.max").split() or [
            text_of(folder / "cpu.cfs_quota_us").strip(),
            text_of(folder / "cpu.cfs_period_us").strip(),
        ]
        if len(quota) == 2 and all(word.isdigit() for word in quota) and int(quota[1]):
            cpu.append(Decimal(quota[0]) / Decimal(quota[1]))
        for name in ("memory.max", "memory.limit_in_bytes"):
            limit = text_of(folder / name).strip()
            if limit.isdigit() and int(limit) < _NO_LIMIT_BYTES:
                memory.append(int(limit))
    return Limits(min(cpu, default=None), min(memory, default=None))

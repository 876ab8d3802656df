"""Where a measurement is made: processor, interpreter, system, and the limits of the control group."""

import os
import platform
import re
import sys
from decimal import Decimal
from pathlib import Path

from codeops.core.snapshot import Environment

__all__ = ["read"]

_NO_LIMIT_BYTES = 2**60
"""cgroup v1 spells "no limit" as a number near 2^63, rounded to pages."""


def read(proc: str = "/proc") -> Environment:
    """The fingerprint of this machine and process; what the system does not tell stays empty."""
    folder = Path(proc)
    cpu_limit, memory_limit_bytes = _limits(folder)
    build = " ".join((*platform.python_build(), platform.python_compiler()))
    return Environment(
        cpu_model=_cpu_model(_text(folder / "cpuinfo")) or platform.processor(),
        cpus=_cpus(),
        python=platform.python_version(),
        python_build=f"{sys.implementation.name} {build}".strip(),
        libc=" ".join(platform.libc_ver()).strip(),
        kernel=f"{platform.system()} {platform.release()}",
        machine=platform.machine(),
        cpu_limit=cpu_limit,
        memory_limit_bytes=memory_limit_bytes,
    )


def _cpus() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 0


def _cpu_model(cpuinfo: str) -> str:
    """The model as the kernel names it; on ARM, where it names none, implementer and part."""
    fields = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in cpuinfo.splitlines())}
    arm = " ".join(f"{name} {fields[name]}" for name in ("CPU implementer", "CPU part") if name in fields)
    return fields.get("model name") or fields.get("Model") or arm


def _limits(proc: Path) -> tuple[Decimal | None, int | None]:
    """CPU limit in vCPU and memory limit in bytes: the tightest from this group up to the root, v1, v2 or hybrid.

    Each file is looked for by itself: on a hybrid system some controllers are in v1 and others in v2.
    """
    cpu: list[Decimal] = []
    memory: list[int] = []
    for folder in _group_folders(proc):
        quota = _text(folder / "cpu.max").split() or [
            _text(folder / "cpu.cfs_quota_us").strip(),
            _text(folder / "cpu.cfs_period_us").strip(),
        ]
        if len(quota) == 2 and all(word.isdigit() for word in quota) and int(quota[1]):
            cpu.append(Decimal(quota[0]) / Decimal(quota[1]))
        for name in ("memory.max", "memory.limit_in_bytes"):
            limit = _text(folder / name).strip()
            if limit.isdigit() and int(limit) < _NO_LIMIT_BYTES:
                memory.append(int(limit))
    return min(cpu, default=None), min(memory, default=None)


def _group_folders(proc: Path) -> list[Path]:
    """The folders of this process's control groups, each with its parents up to where the hierarchy is mounted.

    Source: proc_pid_mountinfo(5) and cgroups(7): `/proc/self/cgroup` has hierarchy:controllers:path lines.
    """
    mounts: dict[frozenset[str], tuple[Path, str]] = {}
    for line in _text(proc / "self" / "mountinfo").splitlines():
        match = re.fullmatch(r"\S+ \S+ \S+ (\S+) (\S+) .*? - cgroup(2?) \S+ (\S+)", line)
        if match:
            controllers = frozenset[str]() if match[3] else frozenset(match[4].split(","))
            mounts.setdefault(controllers, (Path(match[2]), match[1]))
    folders: list[Path] = []
    for line in _text(proc / "self" / "cgroup").splitlines():
        _, controllers_text, path = line.split(":", 2)
        wanted = frozenset(filter(None, controllers_text.split(",")))
        mounted = next((place for names, place in mounts.items() if (wanted <= names if wanted else not names)), None)
        if mounted is not None:
            mount, inner = mounted
            below = Path(path).relative_to(inner) if inner != "/" and Path(path).is_relative_to(inner) else Path(path.strip("/"))
            folders += [mount / below, *(mount / parent for parent in below.parents)]
    return folders


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""

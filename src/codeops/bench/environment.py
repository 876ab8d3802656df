"""Where a measurement is made: processor, interpreter, system, and the limits of the control group."""

import os
import platform
import sys
from pathlib import Path

from codeops.core.snapshot import Environment
from codeops.instrument.place import limits
from codeops.instrument.place.control_group import text_of

__all__ = ["read"]


def read(proc: str = "/proc", memory: str = "peak") -> Environment:
    """The fingerprint of this machine and process, `memory` being told as a plan says; what the system does not tell stays empty."""
    limited = limits.read(proc)
    build = " ".join((*platform.python_build(), platform.python_compiler()))
    return Environment(
        cpu_model=_cpu_model(text_of(Path(proc, "cpuinfo"))) or platform.processor(),
        cpus=_cpus(),
        python=platform.python_version(),
        python_build=f"{sys.implementation.name} {build}".strip(),
        libc=" ".join(platform.libc_ver()).strip(),
        kernel=f"{platform.system()} {platform.release()}",
        machine=platform.machine(),
        cpu_limit=limited.cpu,
        memory_limit_bytes=limited.memory_bytes,
        memory=memory,
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

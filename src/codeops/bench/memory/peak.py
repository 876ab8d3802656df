"""How much memory this process holds, and the most it held since one asked last, where Linux's /proc tells."""

import re
from pathlib import Path

from codeops.instrument.memory.resident import resident_bytes

__all__ = ["peak_bytes", "peak_bytes_of", "reset_peak", "reset_peak_of"]

_PROC = Path("/proc/self")
_PEAK = re.compile(r"^VmHWM:\s*(\d+) kB$", re.MULTILINE)
_reset_works = False


def reset_peak_of(process: int | str) -> bool:
    """Lets a process's peak start from what is resident now; whether the kernel allows it.

    Source: proc_pid_clear_refs(5), writing 5 resets VmHWM (Linux 4.0 and later); read 2026-11-23.
    """
    try:
        (_PROC.parent / str(process) / "clear_refs").write_text("5")
    except OSError:
        return False
    return True


def reset_peak() -> None:
    """Lets the peak start from what is resident now, where the kernel allows it."""
    global _reset_works  # ruff: ignore[global-statement] - a fact of the machine, found out once
    _reset_works = reset_peak_of("self")


def peak_bytes_of(process: int | str) -> int:
    """The most that a process held since its peak was reset; 0 when it is gone."""
    try:
        found = _PEAK.search((_PROC.parent / str(process) / "status").read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return 0
    return int(found[1]) * 1024 if found else 0


def peak_bytes() -> int | None:
    """The most that was resident since `reset_peak`; what is resident now where the peak cannot be reset."""
    now = resident_bytes(str(_PROC / "statm"))
    if now is None or not _reset_works:
        return now
    return max(now, peak_bytes_of("self"))

"""How much memory the control group of this process is charged for."""

from codeops.instrument.place.control_group import folders, text_of

__all__ = ["container_bytes"]


def container_bytes(proc: str = "/proc") -> int | None:
    """Bytes charged to this process's control group now, None outside of one or where it cannot be read.

    It has page cache and all processes of the group in it: good for reconciling a container, not for splitting.

    Source: https://docs.kernel.org/admin-guide/cgroup-v2.html (`memory.current`),
    https://docs.kernel.org/admin-guide/cgroup-v1/memory.html (`memory.usage_in_bytes`).
    """
    for folder in folders(proc):
        for name in ("memory.current", "memory.usage_in_bytes"):
            usage = text_of(folder / name).strip()
            if usage.isdigit():
                return int(usage)
    return None

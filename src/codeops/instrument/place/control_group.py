"""Where the files of this process's control groups are: v1, v2, or both side by side."""

import re
from pathlib import Path

__all__ = ["folders", "text_of"]

_MOUNT = re.compile(r"\S+ \S+ \S+ (\S+) (\S+) .*? - cgroup(2?) \S+ (\S+)")
_ESCAPE = re.compile(r"\\([0-7]{3})")


def folders(proc: str = "/proc") -> list[Path]:
    """The folders of this process's control groups, each followed by its parents up to where the hierarchy is mounted.

    Source: proc_pid_mountinfo(5) and cgroups(7): `/proc/self/cgroup` has hierarchy:controllers:path lines.
    """
    mounts: dict[frozenset[str], tuple[Path, str]] = {}
    for line in text_of(Path(proc, "self", "mountinfo")).splitlines():
        match = _MOUNT.fullmatch(line)
        if match:
            controllers = frozenset[str]() if match[3] else frozenset(match[4].split(","))
            mounts.setdefault(controllers, (Path(_plain(match[2])), _plain(match[1])))
    found: list[Path] = []
    for line in text_of(Path(proc, "self", "cgroup")).splitlines():
        _, _, rest = line.partition(":")
        controllers_text, _, path = rest.partition(":")
        wanted = frozenset(filter(None, controllers_text.split(",")))
        mounted = next((place for names, place in mounts.items() if (wanted <= names if wanted else not names)), None)
        if mounted is not None:
            mount, inner = mounted
            below = Path(path).relative_to(inner) if inner != "/" and Path(path).is_relative_to(inner) else Path(path.strip("/"))
            found += [mount / below, *(mount / parent for parent in below.parents)]
    return found


def text_of(path: Path) -> str:
    """What is in the file, empty when it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _plain(field: str) -> str:
    """Spaces and the like are octal in mountinfo."""
    return _ESCAPE.sub(lambda match: chr(int(match[1], 8)), field)

"""Cost maps as files: `cost/map.json`, written whole beside the snapshot of the same measurement."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from codeops.bench.profiles.hotspots import with_lines
from codeops.bench.profiles.profile import Profile
from codeops.core.cost_map import CostMap, chart
from codeops.core.snapshot import Snapshot
from codeops.document import write

__all__ = ["save", "spell"]


def save(snapshot: Snapshot, profiles: Mapping[str, Profile], traffic: Mapping[str, int], path: str, root: str) -> None:
    """Writes the map of a priced snapshot to `path`, whole or not at all, folders included; `profiles` have the lines of CPU.

    Raises: UnreadableFile when it cannot be written.
    """
    from codeops.document.encoding import encode

    placed = replace(snapshot, routes=with_lines(snapshot.routes, profiles, root))
    write(path, encode(chart(placed, traffic)).encode())


def spell() -> dict[str, Any]:
    """The JSON Schema of a cost map as it is written."""
    import msgspec

    from codeops.document.schema import publish

    return publish(msgspec.json.schema(CostMap), "CodeOps cost map")

"""Cost maps as files: `cost/map.json`, written whole beside the snapshot of the same measurement."""

from collections.abc import Mapping
from typing import Any

from codeops.core.cost_map import CostMap, chart
from codeops.core.snapshot import Snapshot
from codeops.document import write

__all__ = ["save", "spell"]


def save(snapshot: Snapshot, traffic: Mapping[str, int], path: str) -> None:
    """Writes the map of a priced snapshot to `path`, whole or not at all, folders included.

    Raises: UnreadableFile when it cannot be written.
    """
    from codeops.document.encoding import encode

    write(path, encode(chart(snapshot, traffic)).encode())


def spell() -> dict[str, Any]:
    """The JSON Schema of a cost map as it is written."""
    import msgspec

    from codeops.document.schema import publish

    return publish(msgspec.json.schema(CostMap), "CodeOps cost map")

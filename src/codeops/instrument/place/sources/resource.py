"""The resource of the program's OpenTelemetry SDK: what its detectors found, and what the program set itself."""

from collections.abc import Iterator

from codeops.instrument.place import attributes
from codeops.instrument.place.clue import Clue, Surroundings

__all__ = ["PRECEDENCE", "clues"]

PRECEDENCE = 90


def clues(around: Surroundings) -> Iterator[Clue]:
    """The labels of the resource attributes that the caller gave."""
    return attributes.clues_of(around.resource, "resource attribute")

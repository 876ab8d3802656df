"""The processor that this interpreter runs on."""

from collections.abc import Iterator

from codeops.instrument.place import vocabulary
from codeops.instrument.place.clue import Clue, Surroundings

__all__ = ["PRECEDENCE", "clues"]

PRECEDENCE = 10


def clues(around: Surroundings) -> Iterator[Clue]:
    """The architecture, as the interpreter knows it."""
    if around.machine:
        yield Clue("architecture", vocabulary.architecture(around.machine), "this interpreter")

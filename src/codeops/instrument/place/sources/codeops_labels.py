"""`CODEOPS_LABELS=region=eu-west-1,pricing_tier=spot`: what the user says himself, any label, wins over all else."""

from collections.abc import Iterator

from codeops.instrument.place.clue import Clue, Surroundings

__all__ = ["PRECEDENCE", "clues"]

PRECEDENCE = 100


def clues(around: Surroundings) -> Iterator[Clue]:
    """Each `name=value`, separated by commas; spaces around them do not count."""
    for entry in around.environ.get("CODEOPS_LABELS", "").split(","):
        name, _, value = (part.strip() for part in entry.partition("="))
        if name:
            yield Clue(name, value, "CODEOPS_LABELS")

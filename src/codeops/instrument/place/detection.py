"""Puts together what the sources say: the more specific source wins, and every contradiction is told."""

import os
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from codeops.instrument.guard import guarded
from codeops.instrument.place import instance, region
from codeops.instrument.place.clue import Clue, Surroundings
from codeops.instrument.place.control_group import text_of

__all__ = ["SLOT", "Place", "labels"]

SLOT = "codeops.instrument.place.sources"
"""The package, and the entry-point group, whose members are the sources."""

_NEEDS = ("PRECEDENCE", "clues")
_CHOSEN = frozenset({"service"})
"""Author and platform may call a service differently: that is no contradiction."""


@dataclass(frozen=True, slots=True)
class Place:
    """Labels of this process, where each was read, and what a reader should know about them.

    `labels` are in the vocabulary of the price book (`region`, `instance_family`, …); what is not known is not there.
    `origins` has the same names. `remarks` are sentences: contradictions, and what could not be read.
    """

    labels: dict[str, str]
    origins: dict[str, str]
    remarks: tuple[str, ...] = ()


def labels(
    resource: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
    read_file: Callable[[str], str] | None = None,
    machine: str | None = None,
) -> Place:
    """Where this process runs, from its own surroundings alone; whatever is not given is that of this process.

    No connection is made, to a metadata service or elsewhere, and nothing is guessed.

    Example:
        >>> labels({"cloud.provider": "aws", "host.type": "m6i.large"}, {}, lambda path: "", "").labels
        {'provider': 'aws', 'instance_type': 'm6i.large', 'instance_family': 'm6i', 'platform': 'ec2'}
    """
    around = Surroundings(
        resource=resource if resource is not None else {},
        environ=environ if environ is not None else os.environ,
        read_file=read_file or (lambda path: text_of(Path(path))),
        machine=machine if machine is not None else platform.machine(),
    )
    clues: list[Clue] = []
    for source in _sources():
        guarded(_ask, source, around, clues)
    found, remarks = _merged(clues)
    for clue in (*region.derived(_values(found)), *instance.derived(_values(found))):
        if clue.label not in found:
            found[clue.label] = clue
        elif found[clue.label].value != clue.value:
            remarks.append(_contradiction(found[clue.label], clue))
    return Place(_values(found), {name: clue.origin for name, clue in found.items()}, tuple(remarks))


def _sources() -> list[ModuleType]:
    """All sources, the most specific first."""
    from codeops import discovery

    found: list[ModuleType] = []
    for name in discovery.names(SLOT):
        guarded(lambda name=name: found.append(discovery.load(SLOT, name, needs=_NEEDS)))
    return sorted(found, key=lambda source: -source.PRECEDENCE)


def _ask(source: ModuleType, around: Surroundings, clues: list[Clue]) -> None:
    clues.extend(source.clues(around))


def _merged(clues: list[Clue]) -> tuple[dict[str, Clue], list[str]]:
    """The first clue of each label, and what the others say."""
    provider = next((clue for clue in clues if clue.label == "provider" and clue.value), None)
    found: dict[str, Clue] = {}
    remarks: list[str] = []
    for clue in clues:
        kept = found.get(clue.label)
        if not clue.value:
            remarks.append(f"{clue.origin}: {clue.label} has no value, as in region=eu-west-1")
        elif clue.provider and provider and clue.provider != provider.value:
            remarks.append(
                f"{clue.origin} says {clue.label} {clue.value}: ignored, as {provider.origin} says that this is {provider.value}"
            )
        elif kept is None:
            found[clue.label] = clue
        elif kept.value != clue.value and clue.label not in _CHOSEN:
            remarks.append(_contradiction(kept, clue))
    return found, remarks


def _contradiction(kept: Clue, other: Clue) -> str:
    return f"{kept.label}: {kept.value} of {kept.origin} is taken, {other.origin} says {other.value}"


def _values(found: Mapping[str, Clue]) -> dict[str, str]:
    return {name: clue.value for name, clue in found.items()}

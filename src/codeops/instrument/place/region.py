"""Regions and zones as the clouds spell them."""

import re
from collections.abc import Iterator, Mapping

from codeops.instrument.place.clue import Clue

__all__ = ["derived", "normal", "of_zone"]

_ZONES = (
    re.compile(r"([a-z]{2}(?:-[a-z]+)+-\d+)(?:[a-z]|-[a-z0-9-]+)"),
    re.compile(r"([a-z]+-[a-z]+\d+)-(?:[a-z]|ai\d+[a-z])"),
    re.compile(r"([a-z]+\d?)-\d"),
)
"""Zones of AWS with its local and wavelength zones, of Google, and of Azure as Kubernetes spells them."""


def normal(region: str) -> str:
    """A region as price lists spell it; Azure also writes its display name.

    Example:
        >>> normal("West Europe")
        'westeurope'
    """
    return region.lower().replace(" ", "")


def of_zone(zone: str) -> str:
    """The region that a zone is in, empty when the zone does not tell.

    Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-regions-availability-zones.html,
    https://cloud.google.com/compute/docs/regions-zones, https://learn.microsoft.com/azure/aks/availability-zones.

    Example:
        >>> of_zone("eu-west-1a"), of_zone("us-west-2-lax-1a"), of_zone("europe-west1-b"), of_zone("westeurope-1"), of_zone("1")
        ('eu-west-1', 'us-west-2', 'europe-west1', 'westeurope', '')
    """
    return next((match[1] for form in _ZONES if (match := form.fullmatch(zone))), "")


def derived(labels: Mapping[str, str]) -> Iterator[Clue]:
    """What follows from the zone."""
    zone = labels.get("zone", "")
    if region := of_zone(zone):
        yield Clue("region", region, f"zone {zone}")

"""What the name of a Kubernetes node says: managed clusters name their nodes after the place."""

import re
from collections.abc import Iterator

from codeops.instrument.place.clue import Clue

__all__ = ["clues_of"]

_AWS = re.compile(r"(fargate-)?(?:ip-[\d-]+|i-[0-9a-f]+)\.(?:([a-z]{2}(?:-[a-z]+)+-\d+)\.compute|ec2)\.internal")
_GOOGLE = re.compile(r"(gke|gk3)-.+-[0-9a-f]{8}-[a-z0-9]{4}")
_AZURE_MACHINE = re.compile(r"aks-[a-z0-9]+-\d+-vmss[a-z0-9]{6}")
_AZURE_VIRTUAL = re.compile(r"virtual-node-aci-(?:linux|windows)")


def clues_of(name: str, origin: str) -> Iterator[Clue]:
    """The labels that follow from the name of a node; none from a name that no managed cluster gives.

    Source: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-dns.html (private names; `ec2.internal` is us-east-1),
    https://docs.aws.amazon.com/eks/latest/userguide/fargate-getting-started.html (`fargate-ip-…`),
    https://cloud.google.com/kubernetes-engine/docs/how-to/autopilot-classes-standard-clusters (`gk3-` is Autopilot),
    https://learn.microsoft.com/azure/aks/virtual-nodes-cli (`virtual-node-aci-linux`); read 2026-11-25.

    Example:
        >>> [clue.value for clue in clues_of("fargate-ip-10-0-1-2.eu-west-1.compute.internal", "NODE_NAME")]
        ['aws', 'fargate', 'eu-west-1']
    """
    found: dict[str, str] = {}
    if match := _AWS.fullmatch(name):
        found = {"provider": "aws", "platform": "fargate" if match[1] else "ec2", "region": match[2] or "us-east-1"}
    elif match := _GOOGLE.fullmatch(name):
        found = {"provider": "gcp", "platform": "gke-autopilot" if match[1] == "gk3" else "gce"}
    elif _AZURE_MACHINE.fullmatch(name):
        found = {"provider": "azure", "platform": "vm"}
    elif _AZURE_VIRTUAL.fullmatch(name):
        found = {"provider": "azure", "platform": "container-instances"}
    for label, value in found.items():
        yield Clue(label, value, origin)

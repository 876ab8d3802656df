"""Labels and annotations of the pod, from a downward-API volume; Kubernetes 1.35 and later put region and zone there.

The folder is `/etc/podinfo`, as in the Kubernetes documentation, or that of `CODEOPS_PODINFO`.
Other labels of the node are there when something copies them to the pod, as a Kyverno policy or a deploy script may.
"""

import ast
from collections.abc import Iterator

from codeops.instrument.place import region, vocabulary
from codeops.instrument.place.clue import Clue, Surroundings

__all__ = ["PRECEDENCE", "clues"]

PRECEDENCE = 70

_PLAIN = {
    "topology.kubernetes.io/zone": "zone",
    "failure-domain.beta.kubernetes.io/zone": "zone",
    "node.kubernetes.io/instance-type": "instance_type",
    "beta.kubernetes.io/instance-type": "instance_type",
    "app.kubernetes.io/name": "service",
    "cost_center": "cost_center",
    "team": "team",
}
_REGIONS = ("topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region")
_ARCHITECTURES = ("kubernetes.io/arch", "beta.kubernetes.io/arch")
_TIERS = {
    "karpenter.sh/capacity-type": "",
    "eks.amazonaws.com/capacityType": "aws",
    "cloud.google.com/gke-provisioning": "gcp",
    "kubernetes.azure.com/scalesetpriority": "azure",
}
"""Key to the provider whose clusters have it. Source: https://karpenter.sh/docs/concepts/scheduling/,
https://docs.aws.amazon.com/eks/latest/userguide/managed-node-groups.html,
https://cloud.google.com/kubernetes-engine/docs/concepts/spot-vms,
https://learn.microsoft.com/azure/aks/spot-node-pool; read 2026-11-25."""

_FACTS = {
    ("cloud.google.com/gke-spot", "true"): {"provider": "gcp", "pricing_tier": "spot"},
    ("cloud.google.com/gke-preemptible", "true"): {"provider": "gcp", "pricing_tier": "spot"},
    ("eks.amazonaws.com/compute-type", "fargate"): {"provider": "aws", "platform": "fargate"},
    ("eks.amazonaws.com/compute-type", "ec2"): {"provider": "aws", "platform": "ec2"},
}
_SIGNS = {
    "eks.amazonaws.com/fargate-profile": {"provider": "aws", "platform": "fargate"},
    "autopilot.gke.io/resource-adjustment": {"provider": "gcp", "platform": "gke-autopilot"},
}
"""Keys that tell by being there: EKS labels each pod on Fargate with its profile, Autopilot annotates what it resized."""


def clues(around: Surroundings) -> Iterator[Clue]:
    """The labels that both files say, those of the pod before its annotations."""
    folder = around.environ.get("CODEOPS_PODINFO", "/etc/podinfo").rstrip("/")
    for name in ("labels", "annotations"):
        path = f"{folder}/{name}"
        yield from _clues_of(_pairs(around.read_file(path)), path)


def _clues_of(pairs: dict[str, str], path: str) -> Iterator[Clue]:
    for key, value in pairs.items():
        origin = f"{path} {key}"
        if key in _PLAIN:
            yield Clue(_PLAIN[key], value, origin)
        elif key in _REGIONS:
            yield Clue("region", region.normal(value), origin)
        elif key in _ARCHITECTURES:
            yield Clue("architecture", vocabulary.architecture(value), origin)
        elif key in _TIERS:
            yield Clue("pricing_tier", vocabulary.pricing_tier(value), origin)
            if _TIERS[key]:
                yield Clue("provider", _TIERS[key], origin)
        for label, fact in (_FACTS.get((key, value)) or _SIGNS.get(key) or {}).items():
            yield Clue(label, fact, origin)


def _pairs(text: str) -> dict[str, str]:
    """Key and value of each line; a value is quoted as Go does, whose escapes Python's literals have too.

    Source: https://kubernetes.io/docs/tasks/inject-data-application/downward-api-volume-expose-pod-information/.
    """
    found: dict[str, str] = {}
    for line in text.splitlines():
        key, _, quoted = line.partition("=")
        try:
            value = ast.literal_eval(quoted)
        except (SyntaxError, ValueError):
            continue
        if isinstance(value, str) and value:
            found[key.strip()] = value
    return found

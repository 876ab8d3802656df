"""Variables that pods are given through the downward API, and the namespace that is mounted with the service account."""

from collections.abc import Iterator

from codeops.instrument.place import node
from codeops.instrument.place.clue import Clue, Surroundings

__all__ = ["PRECEDENCE", "clues"]

PRECEDENCE = 60

_NODE = ("NODE_NAME", "K8S_NODE_NAME", "KUBE_NODE_NAME", "KUBERNETES_NODE_NAME", "MY_NODE_NAME")
_PLAIN = {
    "namespace": ("POD_NAMESPACE", "K8S_NAMESPACE", "KUBE_NAMESPACE", "KUBERNETES_NAMESPACE", "MY_POD_NAMESPACE"),
    "cluster": ("CLUSTER_NAME", "K8S_CLUSTER_NAME", "KUBERNETES_CLUSTER_NAME"),
}
"""The names that the Kubernetes documentation, OpenTelemetry's and the charts of well-known agents give them."""

_NAMESPACE_FILE = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"


def clues(around: Surroundings) -> Iterator[Clue]:
    """The labels that a pod's variables say; outside a pod none, since Jenkins has a `NODE_NAME` too."""
    if "KUBERNETES_SERVICE_HOST" not in around.environ:
        return
    for variable in _NODE:
        yield from node.clues_of(around.environ.get(variable, ""), variable)
    for label, variables in _PLAIN.items():
        for variable in variables:
            if value := around.environ.get(variable, ""):
                yield Clue(label, value, variable)
    if namespace := around.read_file(_NAMESPACE_FILE).strip():
        yield Clue("namespace", namespace, _NAMESPACE_FILE)

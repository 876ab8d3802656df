"""What OpenTelemetry's resource attributes say about the place."""

from collections.abc import Iterator, Mapping

from codeops.instrument.place import node, region, vocabulary
from codeops.instrument.place.clue import Clue

__all__ = ["clues_of"]

_NAMES = {
    "cloud.provider": "provider",
    "cloud.availability_zone": "zone",
    "service.name": "service",
    "deployment.environment.name": "env",
    "deployment.environment": "env",
    "k8s.cluster.name": "cluster",
    "k8s.namespace.name": "namespace",
    "cost_center": "cost_center",
    "team": "team",
}
"""Attribute to label, the value as it is."""

_UNKNOWN_SERVICE = "unknown_service"
"""What every SDK writes when no name was given, with or without the name of the executable behind it."""


def clues_of(attributes: Mapping[str, object], kind: str) -> Iterator[Clue]:
    """The labels that `attributes` say; `kind` is what they are called, for people.

    Source: https://opentelemetry.io/docs/specs/semconv/resource/ (1.38).
    """
    texts = {name: value for name, value in attributes.items() if isinstance(value, str) and value}
    for name, label in _NAMES.items():
        if name in texts and not texts[name].startswith(_UNKNOWN_SERVICE):
            yield Clue(label, texts[name], f"{kind} {name}")
    if "cloud.region" in texts:
        yield Clue("region", region.normal(texts["cloud.region"]), f"{kind} cloud.region")
    if "host.type" in texts:
        yield Clue("instance_type", texts["host.type"].rpartition("/")[2], f"{kind} host.type")
    if "host.arch" in texts:
        yield Clue("architecture", vocabulary.architecture(texts["host.arch"]), f"{kind} host.arch")
    if "pricing_tier" in texts:
        yield Clue("pricing_tier", vocabulary.pricing_tier(texts["pricing_tier"]), f"{kind} pricing_tier")
    yield from _platform(texts, kind)
    yield from node.clues_of(texts.get("k8s.node.name", ""), f"{kind} k8s.node.name")


def _platform(texts: Mapping[str, str], kind: str) -> Iterator[Clue]:
    platform = texts.get("cloud.platform", "").replace(".", "_")
    if not platform:
        return
    if "cloud.provider" not in texts:
        yield Clue("provider", vocabulary.provider_of_platform(platform), f"{kind} cloud.platform")
    launch_type = texts.get("aws.ecs.launchtype", "").lower()
    if platform == "aws_ecs" and launch_type in {"ec2", "fargate"}:
        yield Clue("platform", launch_type, f"{kind} aws.ecs.launchtype")
    elif platform in vocabulary.PLATFORMS:
        yield Clue("platform", vocabulary.PLATFORMS[platform], f"{kind} cloud.platform")

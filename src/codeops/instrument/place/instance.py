"""Instance types of the clouds: the family that a type is priced by, and the platform it belongs to."""

import re
from collections.abc import Callable, Iterator, Mapping

from codeops.instrument.place.clue import Clue

__all__ = ["derived", "family"]

_AWS = re.compile(r"([a-z]+-?\d[a-z0-9-]*)\.(?:nano|micro|small|medium|large|\d*xlarge|metal(?:-\d+xl)?)")
_AZURE = re.compile(r"Standard_([A-Z]+)\d+([a-z]*)((?:_[A-Z]+\d+[A-Z]*)?)((?:_v\d+)?)")
_GOOGLE = re.compile(r"([a-z]+\d[a-z]*|[a-z]{2})-([a-z]+)(?:-[a-z0-9-]+)?")
_SHARED_CORE = frozenset({"micro", "small", "medium"})


def family(instance_type: str, provider: str) -> str:
    """The family as the packaged price lists spell it, empty for a type whose form is not known.

    Types that are priced apart from their series keep a name of their own: custom shapes and shared cores of Google.

    Source: https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html,
    https://learn.microsoft.com/azure/virtual-machines/vm-naming-conventions,
    https://cloud.google.com/compute/docs/machine-resource.

    Example:
        >>> family("m6i.large", "aws"), family("Standard_D4s_v5", "azure"), family("n2d-standard-8", "gcp")
        ('m6i', 'dsv5', 'n2d')
    """
    form = _FORMS.get(provider)
    return form(instance_type) if form else ""


def derived(labels: Mapping[str, str]) -> Iterator[Clue]:
    """What follows from the instance type, once it is known whose it is: other clouds use the same names."""
    instance_type, provider = labels.get("instance_type", ""), labels.get("provider", "")
    found = family(instance_type, provider)
    if not found:
        return
    yield Clue("instance_family", found, f"instance_type {instance_type}")
    # Google's node types do not say which: Autopilot bills pods, Standard its machines. A platform that is known speaks.
    if provider in _PLATFORMS and "platform" not in labels:
        yield Clue("platform", _PLATFORMS[provider], f"instance_type {instance_type}")


_PLATFORMS = {"aws": "ec2", "azure": "vm"}


def _aws(instance_type: str) -> str:
    match = _AWS.fullmatch(instance_type)
    return match[1] if match else ""


def _azure(size: str) -> str:
    """Letters before and after the number of vCPUs, and the version; B sizes share one series whatever their memory."""
    match = _AZURE.fullmatch(size)
    if match is None:
        return ""
    letters, features, accelerator, version = (part.lower().replace("_", "") for part in match.groups())
    if letters == "b":
        features = re.sub(r"[lmt]", "", features)
    return letters + features + accelerator + version


def _google(machine_type: str) -> str:
    name = machine_type.rpartition("/")[2]
    match = _GOOGLE.fullmatch(name)
    if name.startswith("custom-"):
        return "n1-custom"
    if match is None:
        return ""
    series, shape = match[1], match[2]
    if shape in _SHARED_CORE:
        return name
    return f"{series}-custom" if shape == "custom" else series


_FORMS: dict[str, Callable[[str], str]] = {"aws": _aws, "azure": _azure, "gcp": _google}

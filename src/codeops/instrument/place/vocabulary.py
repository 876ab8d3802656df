"""Words of clouds and clusters in the vocabulary of the price book."""

__all__ = ["PLATFORMS", "architecture", "pricing_tier", "provider_of_platform"]

PLATFORMS = {
    "aws_app_runner": "app-runner",
    "aws_ec2": "ec2",
    "aws_elastic_beanstalk": "ec2",
    "aws_lambda": "lambda",
    "azure_app_service": "app-service",
    "azure_container_apps": "container-apps",
    "azure_container_instances": "container-instances",
    "azure_functions": "functions",
    "azure_vm": "vm",
    "gcp_app_engine": "app-engine",
    "gcp_cloud_run": "cloud-run",
    "gcp_compute_engine": "gce",
}
"""OpenTelemetry's `cloud.platform` to the label `platform`; not there where the price hangs on more than it says:
ECS and EKS run on EC2 or Fargate, GKE on machines or Autopilot, functions of Google's second generation on Cloud Run.

Source: https://opentelemetry.io/docs/specs/semconv/registry/attributes/cloud/ (1.38, which also writes `azure.vm`)."""

_TIERS = {
    "normal": "on-demand",
    "on-demand": "on-demand",
    "ondemand": "on-demand",
    "preemptible": "spot",
    "regular": "on-demand",
    "spot": "spot",
    "standard": "on-demand",
}
_ARCHITECTURES = {"aarch64": "arm64", "amd64": "x86_64", "arm64": "arm64", "x86_64": "x86_64"}


def pricing_tier(word: str) -> str:
    """How the capacity is bought; a word that is not known stays as it is and finds no price of another.

    Example:
        >>> pricing_tier("SPOT"), pricing_tier("ON_DEMAND"), pricing_tier("regular"), pricing_tier("CAPACITY_BLOCK")
        ('spot', 'on-demand', 'on-demand', 'capacity-block')
    """
    plain = word.lower().replace("_", "-")
    return _TIERS.get(plain, plain)


def architecture(machine: str) -> str:
    """The architecture by the name that price lists use.

    Example:
        >>> architecture("aarch64"), architecture("AMD64")
        ('arm64', 'x86_64')
    """
    return _ARCHITECTURES.get(machine.lower(), machine.lower())


def provider_of_platform(platform: str) -> str:
    """The cloud that an OpenTelemetry platform belongs to.

    Example:
        >>> provider_of_platform("aws_eks"), provider_of_platform("azure.vm")
        ('aws', 'azure')
    """
    return platform.replace(".", "_").partition("_")[0]

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from codeops import discovery
from codeops.instrument import guard
from codeops.instrument.place import Place, detection, instance, labels, region
from codeops.instrument.place.sources import podinfo

ROOT = Path(__file__).parents[3]


def place(resource=None, environ=None, files=None, machine=""):
    return labels(resource or {}, environ or {}, lambda path: (files or {}).get(path, ""), machine)


def found(**given):
    return place(**given).labels


POD = {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}


def test_where_nothing_is_known_nothing_is_said():
    assert place() == Place({}, {}, ())


def test_this_process_can_be_asked_without_arguments():
    here = labels()

    assert set(here.labels) == set(here.origins)
    assert here.labels["architecture"] in {"x86_64", "arm64"} or "architecture" in here.labels


RESOURCES = [
    (
        "EC2, as its detector writes it",
        {"cloud.provider": "aws", "cloud.platform": "aws_ec2", "cloud.region": "eu-west-1", "cloud.availability_zone": "eu-west-1b", "host.type": "m6i.large", "host.arch": "amd64"},
        {"provider": "aws", "platform": "ec2", "region": "eu-west-1", "zone": "eu-west-1b", "instance_type": "m6i.large", "instance_family": "m6i", "architecture": "x86_64"},
    ),
    ("ECS on Fargate", {"cloud.platform": "aws_ecs", "aws.ecs.launchtype": "fargate"}, {"provider": "aws", "platform": "fargate"}),
    ("ECS on EC2", {"cloud.platform": "aws_ecs", "aws.ecs.launchtype": "EC2"}, {"provider": "aws", "platform": "ec2"}),
    ("ECS, not known on what", {"cloud.platform": "aws_ecs"}, {"provider": "aws"}),
    ("EKS, not known on what", {"cloud.platform": "aws_eks", "k8s.cluster.name": "shop"}, {"provider": "aws", "cluster": "shop"}),
    ("EKS on Fargate by its node", {"cloud.platform": "aws_eks", "k8s.node.name": "fargate-ip-10-0-1-2.eu-west-1.compute.internal"}, {"provider": "aws", "platform": "fargate", "region": "eu-west-1"}),
    ("Lambda", {"cloud.provider": "aws", "cloud.platform": "aws_lambda", "cloud.region": "us-east-1"}, {"provider": "aws", "platform": "lambda", "region": "us-east-1"}),
    (
        "Compute Engine; the type is a path in some detectors",
        {"cloud.provider": "gcp", "cloud.platform": "gcp_compute_engine", "cloud.availability_zone": "europe-west1-b", "host.type": "projects/123/machineTypes/n2-highmem-8"},
        {"provider": "gcp", "platform": "gce", "zone": "europe-west1-b", "region": "europe-west1", "instance_type": "n2-highmem-8", "instance_family": "n2"},
    ),
    ("GKE, not known whether Autopilot", {"cloud.platform": "gcp_kubernetes_engine", "cloud.region": "us-central1", "host.type": "e2-standard-4"}, {"provider": "gcp", "region": "us-central1", "instance_type": "e2-standard-4", "instance_family": "e2"}),
    ("Cloud Run", {"cloud.platform": "gcp_cloud_run", "cloud.region": "us-central1"}, {"provider": "gcp", "platform": "cloud-run", "region": "us-central1"}),
    ("Cloud Functions of an unknown generation", {"cloud.platform": "gcp_cloud_functions"}, {"provider": "gcp"}),
    ("Azure VM", {"cloud.provider": "azure", "cloud.platform": "azure_vm", "cloud.region": "westeurope", "host.type": "Standard_D4s_v5"}, {"provider": "azure", "platform": "vm", "region": "westeurope", "instance_type": "Standard_D4s_v5", "instance_family": "dsv5"}),
    ("the newer spelling of Azure", {"cloud.platform": "azure.container_apps", "cloud.region": "West Europe"}, {"provider": "azure", "platform": "container-apps", "region": "westeurope"}),
    (
        "what people are charged by",
        {"service.name": "shop", "deployment.environment.name": "production", "k8s.namespace.name": "web", "team": "checkout", "cost_center": "7", "pricing_tier": "SPOT"},
        {"service": "shop", "env": "production", "namespace": "web", "team": "checkout", "cost_center": "7", "pricing_tier": "spot"},
    ),
    ("the older name of the environment", {"deployment.environment": "staging"}, {"env": "staging"}),
    ("a service without a name is not called unknown", {"service.name": "unknown_service:python"}, {}),
    ("values that are no text", {"cloud.region": 3, "service.name": None, "host.type": ("a",), "cloud.provider": ""}, {}),
]  # fmt: skip


@pytest.mark.parametrize(("claim", "resource", "expected"), RESOURCES, ids=[row[0] for row in RESOURCES])
def test_resource_attributes(claim, resource, expected):
    assert found(resource=resource) == expected


@pytest.mark.parametrize(("claim", "resource", "expected"), RESOURCES, ids=[row[0] for row in RESOURCES])
def test_without_an_sdk_the_same_attributes_come_from_the_environment(claim, resource, expected):
    written = ",".join(f"{name}={value.replace(' ', '%20')}" for name, value in resource.items() if isinstance(value, str))

    assert found(environ={"OTEL_RESOURCE_ATTRIBUTES": written}) == expected


ENVIRONMENTS = [
    ("Lambda with a managed runtime", {"AWS_EXECUTION_ENV": "AWS_Lambda_python3.12", "AWS_LAMBDA_FUNCTION_NAME": "resize", "AWS_REGION": "eu-west-1"}, {"provider": "aws", "platform": "lambda", "service": "resize", "region": "eu-west-1"}),
    ("Lambda from an image, which has no AWS_EXECUTION_ENV", {"AWS_LAMBDA_FUNCTION_NAME": "resize"}, {"provider": "aws", "platform": "lambda", "service": "resize"}),
    ("Lambda by its runtime alone", {"AWS_EXECUTION_ENV": "AWS_Lambda_python3.13"}, {"provider": "aws", "platform": "lambda"}),
    ("Fargate", {"AWS_EXECUTION_ENV": "AWS_ECS_FARGATE", "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}, {"provider": "aws", "platform": "fargate", "region": "us-east-1"}),
    ("ECS on EC2", {"AWS_EXECUTION_ENV": "AWS_ECS_EC2"}, {"provider": "aws", "platform": "ec2"}),
    ("ECS on managed instances has a price of its own", {"AWS_EXECUTION_ENV": "AWS_ECS_MANAGED_INSTANCES"}, {"provider": "aws", "platform": "ecs-managed-instances"}),
    ("an execution environment of somebody else", {"AWS_EXECUTION_ENV": "CloudShell"}, {}),
    ("a region alone", {"AWS_DEFAULT_REGION": "eu-central-1"}, {"region": "eu-central-1"}),
    ("Cloud Run service", {"K_SERVICE": "shop", "K_REVISION": "shop-1", "K_CONFIGURATION": "shop", "PORT": "8080"}, {"provider": "gcp", "platform": "cloud-run", "service": "shop"}),
    ("Cloud Run job", {"CLOUD_RUN_JOB": "nightly", "CLOUD_RUN_TASK_INDEX": "0"}, {"provider": "gcp", "platform": "cloud-run", "billing": "instance", "service": "nightly"}),
    ("Cloud Run worker pool", {"CLOUD_RUN_WORKER_POOL": "jobs"}, {"provider": "gcp", "platform": "cloud-run-worker-pool", "service": "jobs"}),
    ("function of the second generation", {"K_SERVICE": "resize", "K_CONFIGURATION": "resize", "FUNCTION_TARGET": "main"}, {"provider": "gcp", "platform": "cloud-run", "service": "resize"}),
    ("function of the first generation", {"K_SERVICE": "resize", "FUNCTION_TARGET": "main"}, {"provider": "gcp", "platform": "cloud-functions", "service": "resize"}),
    ("App Engine", {"GAE_ENV": "standard", "GAE_SERVICE": "default"}, {"provider": "gcp", "platform": "app-engine", "service": "default"}),
    ("Knative on any cluster is not Cloud Run", {**POD, "K_SERVICE": "shop", "K_CONFIGURATION": "shop"}, {}),
    (
        "Azure Container Apps",
        {"CONTAINER_APP_NAME": "shop", "CONTAINER_APP_REVISION": "shop--1", "CONTAINER_APP_ENV_DNS_SUFFIX": "gentlesea-3f2a.westeurope.azurecontainerapps.io"},
        {"provider": "azure", "platform": "container-apps", "service": "shop", "region": "westeurope"},
    ),
    ("a job of Container Apps", {"CONTAINER_APP_JOB_NAME": "nightly"}, {"provider": "azure", "platform": "container-apps", "service": "nightly"}),
    (
        "Azure Functions on the consumption plan",
        {"WEBSITE_SITE_NAME": "resize", "FUNCTIONS_WORKER_RUNTIME": "python", "REGION_NAME": "West Europe", "WEBSITE_SKU": "Dynamic"},
        {"provider": "azure", "platform": "functions", "service": "resize", "region": "westeurope", "plan": "consumption"},
    ),
    ("Azure App Service", {"WEBSITE_SITE_NAME": "shop", "REGION_NAME": "East US 2"}, {"provider": "azure", "platform": "app-service", "service": "shop", "region": "eastus2"}),
    (
        "EKS by the node's name",
        {**POD, "NODE_NAME": "ip-10-0-1-2.eu-west-1.compute.internal", "POD_NAMESPACE": "web"},
        {"provider": "aws", "platform": "ec2", "region": "eu-west-1", "namespace": "web"},
    ),
    ("EKS in the oldest region, whose names lack it", {**POD, "K8S_NODE_NAME": "ip-10-0-1-2.ec2.internal"}, {"provider": "aws", "platform": "ec2", "region": "us-east-1"}),
    ("EKS with names of instances", {**POD, "MY_NODE_NAME": "i-0abc12def3456789a.us-west-2.compute.internal"}, {"provider": "aws", "platform": "ec2", "region": "us-west-2"}),
    ("EKS on Fargate", {**POD, "NODE_NAME": "fargate-ip-192-168-149-22.us-east-2.compute.internal"}, {"provider": "aws", "platform": "fargate", "region": "us-east-2"}),
    ("GKE Standard", {**POD, "NODE_NAME": "gke-shop-default-pool-632bac02-hjl6"}, {"provider": "gcp", "platform": "gce"}),
    ("GKE Autopilot", {**POD, "NODE_NAME": "gk3-cluster-1-nap-10abc8ya1-632bac02-hjl6"}, {"provider": "gcp", "platform": "gke-autopilot"}),
    ("AKS", {**POD, "NODE_NAME": "aks-nodepool1-12345678-vmss000002"}, {"provider": "azure", "platform": "vm"}),
    ("AKS on container instances", {**POD, "NODE_NAME": "virtual-node-aci-linux"}, {"provider": "azure", "platform": "container-instances"}),
    ("a cluster of one's own", {**POD, "NODE_NAME": "worker-7", "CLUSTER_NAME": "lab"}, {"cluster": "lab"}),
    ("Jenkins has a NODE_NAME as well", {"NODE_NAME": "ip-10-0-1-2.eu-west-1.compute.internal", "POD_NAMESPACE": "ci"}, {}),
    ("the name of the service before that among the attributes", {"OTEL_SERVICE_NAME": "shop", "OTEL_RESOURCE_ATTRIBUTES": "service.name=other"}, {"service": "shop"}),
    ("attributes that are no pairs", {"OTEL_RESOURCE_ATTRIBUTES": "a,=b,,cloud.region"}, {}),
]  # fmt: skip


@pytest.mark.parametrize(("claim", "environ", "expected"), ENVIRONMENTS, ids=[row[0] for row in ENVIRONMENTS])
def test_environments_as_the_clouds_document_them(claim, environ, expected):
    here = place(environ=environ)

    assert here.labels == expected
    assert here.remarks == ()


PODS = [
    ("region and zone, which Kubernetes 1.35 puts there", 'topology.kubernetes.io/region="eu-west-1"\ntopology.kubernetes.io/zone="eu-west-1a"\n', {"region": "eu-west-1", "zone": "eu-west-1a"}),
    ("Karpenter spot", 'karpenter.sh/capacity-type="spot"\n', {"pricing_tier": "spot"}),
    ("Karpenter reserved", 'karpenter.sh/capacity-type="reserved"\n', {"pricing_tier": "reserved"}),
    ("EKS node group on demand", 'eks.amazonaws.com/capacityType="ON_DEMAND"\nnode.kubernetes.io/instance-type="m6g.xlarge"\n', {"pricing_tier": "on-demand", "provider": "aws", "instance_type": "m6g.xlarge", "instance_family": "m6g", "platform": "ec2"}),
    ("EKS node group spot", 'eks.amazonaws.com/capacityType="SPOT"\n', {"pricing_tier": "spot", "provider": "aws"}),
    ("EKS on Fargate", 'eks.amazonaws.com/fargate-profile="fp-default"\n', {"provider": "aws", "platform": "fargate"}),
    ("GKE spot", 'cloud.google.com/gke-spot="true"\n', {"provider": "gcp", "pricing_tier": "spot"}),
    ("GKE preemptible is sold at the price of spot", 'cloud.google.com/gke-preemptible="true"\n', {"provider": "gcp", "pricing_tier": "spot"}),
    ("GKE provisioning", 'cloud.google.com/gke-provisioning="standard"\n', {"provider": "gcp", "pricing_tier": "on-demand"}),
    ("AKS spot", 'kubernetes.azure.com/scalesetpriority="spot"\nkubernetes.io/arch="arm64"\n', {"provider": "azure", "pricing_tier": "spot", "architecture": "arm64"}),
    ("AKS regular", 'kubernetes.azure.com/scalesetpriority="regular"\n', {"provider": "azure", "pricing_tier": "on-demand"}),
    ("zone of AKS", 'topology.kubernetes.io/zone="westeurope-2"\n', {"zone": "westeurope-2", "region": "westeurope"}),
    ("a type alone does not say whose it is: m1.large is OpenStack's too", 'node.kubernetes.io/instance-type="m1.large"\n', {"instance_type": "m1.large"}),
    ("escapes, other labels, and lines that are none", 'app="x\\"y\\n"\n\nnonsense\nteam="a \\"b\\" \\u00e9"\nbroken="\n=\n', {"team": 'a "b" é'}),
]  # fmt: skip


@pytest.mark.parametrize(("claim", "text", "expected"), PODS, ids=[row[0] for row in PODS])
@pytest.mark.parametrize("file", ["labels", "annotations"])
def test_labels_and_annotations_of_the_pod(claim, text, expected, file):
    assert found(files={f"/etc/podinfo/{file}": text}) == expected


def test_the_folder_of_the_pods_labels_can_be_named():
    assert found(environ={"CODEOPS_PODINFO": "/podinfo/"}, files={"/podinfo/labels": 'team="a"\n'}) == {"team": "a"}


def test_the_namespace_is_mounted_with_the_service_account():
    files = {"/var/run/secrets/kubernetes.io/serviceaccount/namespace": "web"}

    assert found(environ=POD, files=files) == {"namespace": "web"}


def test_autopilot_leaves_a_mark_on_pods_that_it_resized():
    files = {"/etc/podinfo/annotations": 'autopilot.gke.io/resource-adjustment="{\\"input\\":{}}"\n'}

    assert found(files=files) == {"provider": "gcp", "platform": "gke-autopilot"}


def test_what_the_user_says_wins_and_the_contradiction_is_told():
    here = place(
        resource={"cloud.region": "us-east-1", "host.type": "m5.large", "cloud.provider": "aws"},
        environ={"CODEOPS_LABELS": "region=eu-west-1, pricing_tier = spot ,instance_family=m6i", **POD},
        files={"/etc/podinfo/labels": 'karpenter.sh/capacity-type="on-demand"\n'},
    )

    assert here.labels["region"] == "eu-west-1"
    assert here.labels["pricing_tier"] == "spot"
    assert here.origins["pricing_tier"] == "CODEOPS_LABELS"
    assert here.remarks == (
        "region: eu-west-1 of CODEOPS_LABELS is taken, resource attribute cloud.region says us-east-1",
        "pricing_tier: spot of CODEOPS_LABELS is taken, /etc/podinfo/labels karpenter.sh/capacity-type says on-demand",
        "instance_family: m6i of CODEOPS_LABELS is taken, instance_type m5.large says m5",
    )


def test_every_label_of_the_user_is_kept():
    assert found(environ={"CODEOPS_LABELS": "pool=batch,cost_center=7,url=a=b"}) == {"pool": "batch", "cost_center": "7", "url": "a=b"}


@pytest.mark.parametrize("text", ["region", "region=", " region = "])
def test_a_label_without_a_value_is_told(text):
    here = place(environ={"CODEOPS_LABELS": f"{text},env=test", "AWS_REGION": "eu-west-1"})

    assert here.labels == {"env": "test", "region": "eu-west-1"}
    assert here.remarks == ("CODEOPS_LABELS: region has no value, as in region=eu-west-1",)


def test_the_region_that_an_sdk_calls_is_not_that_of_another_cloud():
    here = place(environ={**POD, "NODE_NAME": "gke-shop-default-pool-632bac02-hjl6", "AWS_REGION": "us-east-1"})

    assert here.labels == {"provider": "gcp", "platform": "gce"}
    assert here.remarks == ("AWS_REGION says region us-east-1: ignored, as NODE_NAME says that this is gcp",)


def test_each_label_tells_where_it_was_read():
    here = place(
        resource={"cloud.provider": "gcp", "cloud.availability_zone": "europe-west1-b", "host.type": "n2-standard-2"}, machine="aarch64"
    )

    assert here.origins == {
        "provider": "resource attribute cloud.provider",
        "zone": "resource attribute cloud.availability_zone",
        "instance_type": "resource attribute host.type",
        "architecture": "this interpreter",
        "region": "zone europe-west1-b",
        "instance_family": "instance_type n2-standard-2",
    }


TYPES = [
    ("aws", "m6i.large", "m6i"), ("aws", "t4g.nano", "t4g"), ("aws", "g4dn.12xlarge", "g4dn"), ("aws", "p4d.24xlarge", "p4d"),
    ("aws", "m7i-flex.large", "m7i-flex"), ("aws", "m7i.metal-48xl", "m7i"), ("aws", "u-6tb1.metal", "u-6tb1"), ("aws", "u7i-12tb.224xlarge", "u7i-12tb"),
    ("aws", "mac2-m2.metal", "mac2-m2"), ("aws", "db.t3.micro", ""), ("aws", "ml.m5.large", ""), ("aws", "m6i", ""), ("aws", "standard.large", ""),
    ("azure", "Standard_D4s_v5", "dsv5"), ("azure", "Standard_D8ads_v5", "dadsv5"), ("azure", "Standard_D2ls_v5", "dlsv5"), ("azure", "Standard_D16ps_v6", "dpsv6"),
    ("azure", "Standard_E8as_v5", "easv5"), ("azure", "Standard_F72s_v2", "fsv2"), ("azure", "Standard_DS2_v2", "dsv2"), ("azure", "Standard_B8ms", "bs"),
    ("azure", "Standard_B1ls", "bs"), ("azure", "Standard_B2s", "bs"), ("azure", "Standard_B2ats_v2", "basv2"), ("azure", "Standard_NC4as_T4_v3", "ncast4v3"),
    ("azure", "Standard_NC24ads_A100_v4", "ncadsa100v4"), ("azure", "Standard_E8-4s_v5", ""), ("azure", "Basic_A1", ""),
    ("gcp", "e2-standard-4", "e2"), ("gcp", "n2d-highcpu-96", "n2d"), ("gcp", "c3-standard-8-lssd", "c3"), ("gcp", "a2-highgpu-1g", "a2"), ("gcp", "n1-highmem-96", "n1"),
    ("gcp", "m1-ultramem-40", "m1"), ("gcp", "e2-medium", "e2-medium"), ("gcp", "f1-micro", "f1-micro"), ("gcp", "custom-4-8192", "n1-custom"),
    ("gcp", "n2-custom-4-8192", "n2-custom"), ("gcp", "ek-standard-8", "ek"), ("gcp", "e2", ""),
    ("", "m6i.large", ""), ("openstack", "m1.large", ""),
]  # fmt: skip


@pytest.mark.parametrize(("provider", "instance_type", "family"), TYPES)
def test_families_are_spelled_as_price_lists_do(provider, instance_type, family):
    assert instance.family(instance_type, provider) == family


def a_type_of(family, provider):
    if provider == "azure":
        letter, features, version = re.fullmatch(r"([a-z])([a-z]*?)(v\d)?", family).groups()
        return f"Standard_{letter.upper()}4{features}{f'_{version}' if version else ''}"
    return f"{family}.large" if provider == "aws" else f"{family}-standard-4"


@pytest.mark.parametrize("provider", ["aws", "azure", "gcp"])
def test_every_family_that_has_a_price_is_found(provider):
    priced = set()
    for path in (ROOT / "src/codeops/prices/data" / provider).glob("*.toml"):
        for value in re.findall(r'instance_family = ("[^"]+"|\[[^\]]*\])', path.read_text(encoding="utf-8")):
            priced |= set(re.findall(r'"([^"]+)"', value))

    assert len(priced) >= 5
    assert {instance.family(a_type_of(family, provider), provider) for family in priced} == priced


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("us-east-1a", "us-east-1"),
        ("us-gov-west-1b", "us-gov-west-1"),
        ("us-west-2-lax-1a", "us-west-2"),
        ("us-east-1-wl1-bos-wlz-1", "us-east-1"),
        ("europe-west1-b", "europe-west1"),
        ("us-central1-ai1a", "us-central1"),
        ("northamerica-northeast2-c", "northamerica-northeast2"),
        ("eastus2-1", "eastus2"),
        ("use1-az1", ""),
        ("eu-west-1", ""),
        ("1", ""),
        ("", ""),
    ],
)
def test_regions_of_zones(zone, expected):
    assert region.of_zone(zone) == expected


def test_platforms_are_those_that_have_prices():
    priced = set()
    for path in (ROOT / "src/codeops/prices/data").glob("*/*.toml"):
        priced |= set(re.findall(r'platform = "([^"]+)"', path.read_text(encoding="utf-8")))

    said = {row[-1]["platform"] for row in (*RESOURCES, *ENVIRONMENTS, *PODS) if "platform" in row[-1]}
    assert priced <= said
    assert said - priced == {
        "ecs-managed-instances",
        "cloud-run-worker-pool",
        "cloud-functions",
        "app-engine",
        "functions",
        "app-service",
    }, "what has no price has a name of its own, so that it gets no price of another"


def test_a_source_that_fails_is_told_and_the_others_speak(monkeypatch):
    monkeypatch.setattr(guard, "strict", False)
    monkeypatch.setattr(guard, "problems", [])
    monkeypatch.setattr(guard, "_causes", set())

    def broken(around):
        yield from ()
        raise ZeroDivisionError

    monkeypatch.setattr(podinfo, "clues", broken)

    assert found(environ={"CODEOPS_LABELS": "a=b"}) == {"a": "b"}
    assert [type(problem) for problem in guard.problems] == [ZeroDivisionError]


def test_no_connection_is_made(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)

    for _, environ, _ in ENVIRONMENTS:
        place(environ=environ)


def test_the_documentation_lists_the_sources_in_their_order():
    page = (ROOT / "docs" / "place.md").read_text(encoding="utf-8")
    members = {name: discovery.load(detection.SLOT, name).PRECEDENCE for name in discovery.names(detection.SLOT)}
    rows = re.findall(r"^\| (\d+) \| `([a-z-]+)` \|", page, re.MULTILINE)

    assert {name: int(precedence) for precedence, name in rows} == members
    assert [int(precedence) for precedence, _ in rows] == sorted(members.values(), reverse=True)


def test_every_label_that_is_read_is_in_the_documentation():
    page = (ROOT / "docs" / "place.md").read_text(encoding="utf-8")
    said = {name for row in (*RESOURCES, *ENVIRONMENTS, *PODS) for name in row[-1]}

    assert not {name for name in said if f"`{name}`" not in page}


def test_one_more_source_is_one_new_file(tmp_path, monkeypatch):
    from codeops.instrument.place import sources

    (tmp_path / "site.py").write_text(
        "from codeops.instrument.place.clue import Clue\nPRECEDENCE = 95\n"
        "def clues(around):\n    yield Clue('rack', around.environ['RACK'], 'RACK')\n"
    )
    places = [*sources.__path__, str(tmp_path)]
    monkeypatch.setattr(sources, "__path__", places)
    monkeypatch.setattr(sources.__spec__, "submodule_search_locations", places)

    try:
        assert found(environ={"RACK": "7"})["rack"] == "7"
    finally:
        sys.modules.pop("codeops.instrument.place.sources.site", None)


def test_nothing_beyond_the_standard_library_is_imported():
    script = (
        "import sys\nbefore = set(sys.modules)\nfrom codeops.instrument import place, memory\nfrom codeops.instrument.place import limits\n"
        "place.labels()\nprint(*{name.split('.')[0] for name in set(sys.modules) - before})"
    )

    output = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env={**os.environ}).stdout

    assert {name for name in output.split() if not name.startswith("_sysconfigdata")} <= {
        "codeops",
        "opentelemetry",
        *sys.stdlib_module_names,
    }

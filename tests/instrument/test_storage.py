import asyncio
import io

import pytest
import requests
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.storage.blob import BlobServiceClient, StandardBlobTier
from azure.storage.blob.aio import BlobServiceClient as AsyncBlobServiceClient
from google.api_core.exceptions import NotFound
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from codeops import instrument
from codeops.instrument.libraries import azure_storage_blob, google_cloud_storage

MIB = 2**20
SIZE = 2 * MIB + 345_678


def lines(tally, *but):
    """What was consumed, without the meters whose names end in `but`."""
    return {
        (meter, *(f"{name}={value}" for name, value in labels)): amount
        for (meter, _, labels), amount in tally.lines.items()
        if not meter.endswith(but or ("\0",))
    }


def total(tally, meter) -> int:
    return sum(amount for (name, _, _), amount in tally.lines.items() if name == meter)


@pytest.fixture(autouse=True)
def _no_requests_of_its_own(monkeypatch):
    """The library asks for a bucket's metadata from a thread of its own, to put them on its spans."""
    monkeypatch.setenv("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")


@pytest.fixture
def gcs(peers, hooks):
    client = storage.Client(project="p", credentials=AnonymousCredentials(), client_options={"api_endpoint": peers.gcs()})
    for name in ("shelf", "cold"):
        bucket = client.bucket(name)
        if not bucket.exists():
            bucket.create()
    client.bucket("shelf").blob("k").upload_from_string(b"v" * 1000)
    yield client
    client.close()


def gcs_metadata(client):
    blob = client.bucket("shelf").blob("k")
    blob.metadata = {"a": "b"}
    blob.patch()


def gcs_batch(client):
    with client.batch():
        for name in ("n1", "n2"):
            client.bucket("shelf").blob(name).delete()
        blob = client.bucket("shelf").blob("k2")
        blob.metadata = {"a": "b"}
        blob.patch()


STANDARD = "storage_class=standard"
GCS = [
    ("an upload", {("class_a", STANDARD): 1}, lambda c: c.bucket("shelf").blob("n1").upload_from_string(b"x")),
    (
        "an upload in three chunks is one operation",
        {("class_a",): 1},
        lambda c: c.bucket("shelf").blob("n2", chunk_size=MIB).upload_from_file(io.BytesIO(b"x" * SIZE)),
    ),
    ("a download", {("class_b",): 1}, lambda c: c.bucket("shelf").blob("k").download_as_bytes()),
    ("metadata", {("class_b", STANDARD): 1}, lambda c: c.bucket("shelf").get_blob("k")),
    ("a change of metadata", {("class_a", STANDARD): 1}, gcs_metadata),
    ("objects are listed", {("class_a",): 1}, lambda c: list(c.list_blobs("shelf"))),
    ("buckets are listed", {("class_a",): 1}, lambda c: list(c.list_buckets())),
    ("a bucket", {("class_b", STANDARD): 1}, lambda c: c.get_bucket("shelf")),
    (
        "a copy",
        {("class_a", STANDARD): 1},
        lambda c: c.bucket("shelf").copy_blob(c.bucket("shelf").blob("k"), c.bucket("shelf"), "k2"),
    ),
    ("a batch is what it holds", {("delete",): 2, ("class_a",): 1}, gcs_batch),
    ("a delete", {("delete",): 1}, lambda c: c.bucket("shelf").blob("n1").delete()),
]


@pytest.mark.parametrize(("claim", "expected", "call"), GCS, ids=[row[0] for row in GCS])
def test_operations_of_google_cloud_storage_are_counted_in_the_class_they_are_billed_in(gcs, here, claim, expected, call):
    for name in ("n1", "n2", "k2"):
        gcs.bucket("shelf").blob(name).upload_from_string(b"x")

    with instrument.tally(here) as tally:
        call(gcs)

    found = lines(tally, ".upload", ".download")
    assert {("gcp.storage." + kind, *label): number for (kind, *label), number in expected.items()} == found
    assert {site[0] for sites in tally.sites.values() for site in sites} == {"test_storage.py"}


PATHS = [
    ("GET", "/storage/v1/b?project=p", "class_a"),
    ("GET", "/storage/v1/b/bucket", "class_b"),
    ("GET", "/storage/v1/b/bucket/o", "class_a"),
    ("GET", "/storage/v1/b/bucket/o/a%2Fb?alt=media", "class_b"),
    ("GET", "/download/storage/v1/b/bucket/o/o", "class_b"),
    ("GET", "/storage/v1/b/bucket/iam/testPermissions", "class_b"),
    ("GET", "/storage/v1/b/bucket/acl", "class_b"),
    ("GET", "/storage/v1/b/bucket/notificationConfigs", "class_b"),
    ("GET", "/storage/v1/projects/p/hmacKeys", "class_a"),
    ("GET", "/storage/v1/projects/p/hmacKeys/id", "class_b"),
    ("POST", "/storage/v1/b/bucket/o/a/rewriteTo/b/bucket/o/c", "class_a"),
    ("POST", "/storage/v1/b/bucket/o/a/compose", "class_a"),
    ("POST", "/storage/v1/channels/stop", "delete"),
    ("PUT", "/storage/v1/b/bucket/iam", "class_a"),
    ("PATCH", "/storage/v1/b/bucket", "class_a"),
    ("DELETE", "/storage/v1/b/bucket", "delete"),
    ("DELETE", "/storage/v1/b/bucket/o/acl", "delete"),
    ("DELETE", "/storage/v1/b/bucket/o/o/acl/allUsers", "class_a"),
    ("DELETE", "/storage/v1/b/bucket/notificationConfigs/1", "class_a"),
    ("DELETE", "/storage/v1/projects/p/hmacKeys/id", "delete"),
    ("POST", "/upload/storage/v1/b/bucket/o?uploadType=resumable", "class_a"),
    ("PUT", "/upload/storage/v1/b/bucket/o?uploadType=resumable&upload_id=1", ""),
    ("DELETE", "/upload/storage/v1/b/bucket/o?uploadType=resumable&upload_id=1", ""),
    ("POST", "/bucket/object?uploads", "class_a"),
    ("PUT", "/bucket/object?partNumber=1&uploadId=u", "class_a"),
    ("GET", "/bucket/object", "class_b"),
    ("HEAD", "/bucket/object", "class_b"),
    ("GET", "/bucket?prefix=a", "class_a"),
    ("DELETE", "/bucket/object", "delete"),
]


@pytest.mark.parametrize(("method", "path", "kind"), PATHS)
def test_the_class_of_each_kind_of_address(method, path, kind):
    assert google_cloud_storage._class(method, "https://storage.googleapis.com" + path) == (kind and f"gcp.storage.{kind}")


def test_bytes_of_google_cloud_storage_both_ways(gcs, here):
    blob = gcs.bucket("shelf").blob("big", chunk_size=MIB)
    with instrument.tally(here) as up:
        blob.upload_from_file(io.BytesIO(b"x" * SIZE))
    with instrument.tally(here) as down:
        content = gcs.bucket("shelf").blob("big").download_as_bytes()

    assert len(content) == SIZE
    assert 0 < total(up, "gcp.storage.upload") - SIZE < 100  # the name of the object is sent first
    assert total(down, "gcp.storage.download") == SIZE
    assert not {meter for meter, _, _ in (*up.lines, *down.lines)} & {"http.call", "network.egress"}


def test_a_request_that_google_does_not_charge_is_counted_as_failed(gcs, here):
    with instrument.tally(here) as tally, pytest.raises(NotFound):
        gcs.bucket("shelf").blob("missing").download_as_bytes()

    assert lines(tally) == {("gcp.storage.failed",): 1}


def test_a_retry_of_google_cloud_storage_is_one_more_request(web, hooks, here):
    client = storage.Client(project="p", credentials=AnonymousCredentials(), client_options={"api_endpoint": web.url})
    web.failures = 1

    with instrument.tally(here) as tally, pytest.raises(requests.JSONDecodeError):  # the peer knows no JSON
        client.bucket("flaky").blob("k").upload_from_string(b"v" * 1000, if_generation_match=0, checksum=None)
    client.close()

    assert len(web.requests) == 2
    assert lines(tally, ".upload", ".download") == {("gcp.storage.failed",): 1, ("gcp.storage.class_a",): 1}
    assert total(tally, "gcp.storage.upload") > 2000


def test_other_calls_over_requests_stay_http_calls(web, gcs, here):
    with instrument.tally(here) as tally, requests.Session() as session:
        session.get(web.url + "/storage/v1/object/here")  # another vendor's
        gcs.bucket("shelf").exists()

    assert total(tally, "http.call") == 1
    assert total(tally, "gcp.storage.class_b") == 1
    assert total(tally, "network.egress") == web.received_bytes


@pytest.fixture
def azure(peers, hooks):
    sizes = dict.fromkeys(("max_single_put_size", "max_block_size", "max_single_get_size", "max_chunk_get_size"), MIB)
    with BlobServiceClient.from_connection_string(peers.azurite(), retry_total=0, **sizes) as client:
        container = client.get_container_client("shelf")
        if not container.exists():
            container.create_container()
        container.upload_blob("k", b"v" * 1000, overwrite=True)
        container.upload_blob("old", b"v", overwrite=True)
        yield container


AZURE = [
    ("an upload", {("write",): 1}, lambda c: c.upload_blob("n", b"x", overwrite=True)),
    ("blocks and their list", {("write",): 3 + 1}, lambda c: c.upload_blob("n", b"x" * SIZE, overwrite=True)),
    (
        "a tier asked for",
        {("write", "storage_class=cool"): 1},
        lambda c: c.upload_blob("c", b"x", overwrite=True, standard_blob_tier=StandardBlobTier.COOL),
    ),
    ("a download", {("read",): 1}, lambda c: c.download_blob("k").readall()),
    ("properties", {("other",): 1}, lambda c: c.get_blob_client("k").get_blob_properties()),
    ("metadata", {("other",): 1}, lambda c: c.get_blob_client("k").set_blob_metadata({"a": "b"})),
    ("a lease", {("other",): 2}, lambda c: c.get_blob_client("k").acquire_lease(-1).release()),
    ("a snapshot", {("other",): 1}, lambda c: c.get_blob_client("k").create_snapshot()),
    ("a copy", {("write",): 1}, lambda c: c.get_blob_client("copy").start_copy_from_url(c.get_blob_client("k").url)),
    ("a change of tier", {("write", "storage_class=cool"): 1}, lambda c: c.get_blob_client("k").set_standard_blob_tier("Cool")),
    ("a listing", {("list",): 1}, lambda c: list(c.list_blobs())),
    ("a delete", {("delete",): 1}, lambda c: c.delete_blob("old")),
    ("a batch is what it holds", {("delete",): 2}, lambda c: list(c.delete_blobs("k", "old", delete_snapshots="include"))),
]


@pytest.mark.parametrize(("claim", "expected", "call"), AZURE, ids=[row[0] for row in AZURE])
def test_operations_of_azure_blob_storage_are_counted_in_the_type_they_are_billed_as(azure, here, claim, expected, call):
    if claim == "an upload":
        azure.delete_blob("n") if azure.get_blob_client("n").exists() else None

    with instrument.tally(here) as tally:
        call(azure)

    found = lines(tally, ".upload", ".download")
    assert {("azure.blob." + kind, *label): number for (kind, *label), number in expected.items()} == found
    assert {site[0] for sites in tally.sites.values() for site in sites} == {"test_storage.py"}


KINDS = [
    ("PUT", "container", "", "list"),
    ("DELETE", "container", "", "delete"),
    ("GET", "container", "", "other"),
    ("GET", "container", "list", "list"),
    ("GET", "", "list", "list"),
    ("GET", "", "blobs", "list"),
    ("PUT", "container", "undelete", "list"),
    ("PUT", "container", "acl", "other"),
    ("GET", "service", "properties", "other"),
    ("POST", "service", "userdelegationkey", "other"),
    ("GET", "", "", "read"),
    ("POST", "", "query", "read"),
    ("HEAD", "", "", "other"),
    ("GET", "", "blocklist", "other"),
    ("GET", "", "tags", "other"),
    ("PUT", "", "", "write"),
    ("PUT", "", "block", "write"),
    ("PUT", "", "blocklist", "write"),
    ("PUT", "", "appendblock", "write"),
    ("PUT", "", "page", "write"),
    ("PUT", "", "seal", "write"),
    ("PUT", "", "tier", "write"),
    ("PUT", "", "undelete", "write"),
    ("PUT", "", "copy", "other"),
    ("PUT", "", "incrementalcopy", "other"),
    ("PUT", "", "snapshot", "other"),
    ("DELETE", "", "", "delete"),
    ("DELETE", "", "immutabilityPolicies", "other"),
]


@pytest.mark.parametrize(("method", "resource", "component", "kind"), KINDS)
def test_the_type_of_each_operation_of_azure(method, resource, component, kind):
    assert azure_storage_blob._kind(method, resource, component) == kind


def test_bytes_of_azure_blob_storage_both_ways(azure, here):
    with instrument.tally(here) as up:
        azure.upload_blob("big", b"x" * SIZE, overwrite=True)
    with instrument.tally(here) as down:
        content = azure.download_blob("big").readall()
    with instrument.tally(here) as listed:
        list(azure.list_blobs())

    assert len(content) == SIZE
    assert 0 < total(up, "azure.blob.upload") - SIZE < 1000  # the list of the blocks
    assert lines(down) == {("azure.blob.read",): 3, ("azure.blob.download",): SIZE}
    assert total(listed, "azure.blob.download") > 500
    assert not {meter for meter, _, _ in (*up.lines, *down.lines)} & {"http.call", "network.egress"}


def test_the_async_client_of_azure_counts_the_same_and_no_http_calls(peers, hooks, here):
    async def work():
        async with AsyncBlobServiceClient.from_connection_string(peers.azurite(), retry_total=0) as client:
            container = client.get_container_client("async-shelf")
            if not await container.exists():
                await container.create_container()
            with instrument.tally(here) as tally:
                await container.upload_blob("k", b"v" * 1000, overwrite=True)
                content = await (await container.download_blob("k")).readall()
                names = [blob.name async for blob in container.list_blobs()]
        return tally, content, names

    tally, content, names = asyncio.run(work())

    assert (len(content), names) == (1000, ["k"])
    assert lines(tally, ".download") == {
        ("azure.blob.write",): 1,
        ("azure.blob.read",): 1,
        ("azure.blob.list",): 1,
        ("azure.blob.upload",): 1000,
    }
    assert total(tally, "azure.blob.download") > 1000
    assert {site[2] for sites in tally.sites.values() for site in sites} == {work.__qualname__}


def test_a_request_that_fails_is_billed_by_azure_and_counted(azure, here):
    with instrument.tally(here) as tally, pytest.raises(ResourceNotFoundError):
        azure.download_blob("missing")

    assert lines(tally, ".download") == {("azure.blob.read",): 1}


def test_a_retry_of_azure_is_one_more_request(web, hooks, here):
    options = {"credential": None, "retry_total": 2, "initial_backoff": 0, "increment_base": 0.01}
    web.failures = 1

    with BlobServiceClient(web.url + "/flaky", **options) as client, instrument.tally(here) as tally:
        blob = client.get_blob_client("shelf", "k")
        with pytest.raises(HttpResponseError):  # the peer says 200 where Azure says 201
            blob.stage_block("1", b"v" * 1000)

    assert len(web.requests) == 2
    assert lines(tally, ".download") == {("azure.blob.write",): 2, ("azure.blob.upload",): 2000}

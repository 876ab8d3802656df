from contextlib import suppress

from azure.core.exceptions import ResourceExistsError
from azure.storage.blob import BlobServiceClient

CONSUMED = {"azure.blob.read": 1, "azure.blob.download": 5}


def connect(peers):
    client = BlobServiceClient.from_connection_string(peers.azurite(), retry_total=0)
    with suppress(ResourceExistsError):  # an earlier test made it
        client.create_container("contract")
    client.get_blob_client("contract", "k").upload_blob(b"value", overwrite=True)
    return client


def call(client):
    client.get_blob_client("contract", "k").download_blob().readall()  # <- call


def fail(client):
    client.get_blob_client("contract", "missing").download_blob()

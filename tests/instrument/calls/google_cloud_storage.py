from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

CONSUMED = {"gcp.storage.class_b": 1, "gcp.storage.download": 5}


def connect(peers):
    client = storage.Client(project="p", credentials=AnonymousCredentials(), client_options={"api_endpoint": peers.gcs()})
    bucket = client.bucket("contract")
    if not bucket.exists():
        bucket.create()
    bucket.blob("k").upload_from_string("value")
    client.blob = bucket.blob
    return client


def call(client):
    client.blob("k").download_as_bytes()  # <- call


def fail(client):
    client.blob("missing").download_as_bytes()

CONSUMED = {}
LABELS = {"cache_hit": "true"}


def connect(peers):
    peers.django()
    from django.core.cache import caches

    caches["default"].set("contract", "value")
    return caches["default"]


def close(client):
    """Django closes a cache at the end of a request."""


def call(client):
    client.get("contract")  # <- call


def fail(client):
    client.incr("missing")

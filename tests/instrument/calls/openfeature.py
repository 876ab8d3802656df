from openfeature import api
from openfeature.provider.in_memory_provider import InMemoryFlag, InMemoryProvider

CONSUMED = {}
LABELS = {"feature_flag.key": "contract", "feature_flag.result.variant": "on"}


def connect(peers):
    api.set_provider(InMemoryProvider({"contract": InMemoryFlag("on", {"on": True, "off": False})}))
    return api.get_client()


def close(client):
    """A client of the SDK holds nothing."""


def call(client):
    client.get_boolean_value("contract", False)  # <- call


def fail(client):
    raise client.get_boolean_details("missing", False).get_exception()

import redis

CONSUMED = {"redis.command": 1}
LABELS = {"cache_hit": "true"}


def connect(peers):
    client = redis.Redis.from_url(peers.redis())
    client.set("contract", "value")
    return client


def call(client):
    client.get("contract")  # <- call


def fail(client):
    client.lpush("contract", "x")

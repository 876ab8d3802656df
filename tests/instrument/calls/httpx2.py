import httpx2

CONSUMED = {"http.call": 1, "network.egress": None}


def connect(peers):
    return httpx2.Client(base_url=peers.web().url)


def call(client):
    client.get("/here")  # <- call


def fail(client):
    client.get("/missing").raise_for_status()

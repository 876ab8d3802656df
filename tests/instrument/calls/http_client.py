import requests

CONSUMED = {"http.call": 1, "network.egress": None}


def connect(peers):
    session = requests.Session()
    session.url = peers.web().url
    return session


def call(client):
    client.get(client.url + "/here")  # <- call


def fail(client):
    client.get(client.url + "/missing").raise_for_status()

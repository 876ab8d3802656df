import psycopg

CONSUMED = {"db.query": 1}


def connect(peers):
    return psycopg.connect(peers.postgres(), autocommit=True)


def call(client):
    client.execute("select 1")  # <- call


def fail(client):
    client.execute("select nonsense")

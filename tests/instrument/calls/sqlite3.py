import sqlite3

CONSUMED = {"db.query": 1}


def connect(peers):
    return sqlite3.connect(":memory:")


def call(client):
    client.execute("select 1")  # <- call


def fail(client):
    client.execute("select nonsense")

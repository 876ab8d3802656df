CONSUMED = {"db.query": 1}


def connect(peers):
    peers.django()
    from django.db import connection

    close(connection)
    connection.ensure_connection()
    return connection


def close(client):
    """Django keeps a database in memory open over its own close."""
    if client.connection is not None:
        client.connection.close()
        client.connection = None


def call(client):
    with client.cursor() as cursor:
        cursor.execute("select 1")  # <- call


def fail(client):
    with client.cursor() as cursor:
        cursor.execute("select nonsense")

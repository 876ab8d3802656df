import django
from django.conf import settings

CONSUMED = {"db.query": 1}


def connect(peers):
    if not settings.configured:
        settings.configure(DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}})
        django.setup()
    from django.db import connection

    connection.close()
    connection.connection = None
    connection.ensure_connection()
    return connection


def call(client):
    with client.cursor() as cursor:
        cursor.execute("select 1")  # <- call


def fail(client):
    with client.cursor() as cursor:
        cursor.execute("select nonsense")

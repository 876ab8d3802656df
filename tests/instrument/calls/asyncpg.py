import asyncio

import asyncpg

CONSUMED = {"db.query": 1}


class Client:
    """One connection in a loop of its own, so that it is made before anything is counted."""

    def __init__(self, address) -> None:
        self.loop = asyncio.new_event_loop()
        self.connection = self.loop.run_until_complete(asyncpg.connect(address))

    def close(self):
        self.loop.run_until_complete(self.connection.close())
        self.loop.close()


def connect(peers):
    return Client(peers.postgres_url())


async def _fetch(client):
    return await client.connection.fetch("select 1")  # <- call


def call(client):
    client.loop.run_until_complete(_fetch(client))


def fail(client):
    client.loop.run_until_complete(client.connection.fetch("select nonsense"))

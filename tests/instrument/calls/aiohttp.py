import asyncio

import aiohttp

CONSUMED = {"http.call": 1, "network.egress": None}


def connect(peers):
    return peers.web().url


async def _get(url):
    async with aiohttp.ClientSession() as session, session.get(url, raise_for_status=True) as answer:  # <- call
        return await answer.text()


def call(client):
    asyncio.run(_get(client + "/here"))


def fail(client):
    asyncio.run(_get(client + "/missing"))

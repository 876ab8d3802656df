import asyncio

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session

CONSUMED = {"aws.s3.get": 1, "aws.s3.download": 5}

SESSION = get_session()


class Client:
    """One client in a loop of its own, so that it is made before anything is counted."""

    def __init__(self, options) -> None:
        self.loop = asyncio.new_event_loop()
        self._context = SESSION.create_client("s3", config=AioConfig(retries={"max_attempts": 0}), **options)
        self.s3 = self.loop.run_until_complete(self._context.__aenter__())

    def close(self):
        self.loop.run_until_complete(self._context.__aexit__(None, None, None))
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()


def connect(peers):
    client = Client(peers.aws_options())
    client.loop.run_until_complete(client.s3.create_bucket(Bucket="contract-async"))
    client.loop.run_until_complete(client.s3.put_object(Bucket="contract-async", Key="k", Body=b"value"))
    return client


async def _read(client):
    return await (await client.s3.get_object(Bucket="contract-async", Key="k"))["Body"].read()  # <- call


def call(client):
    client.loop.run_until_complete(_read(client))


def fail(client):
    client.loop.run_until_complete(client.s3.get_object(Bucket="contract-async", Key="missing"))

import asyncio
from collections import Counter

import pytest
import redis
import redis.asyncio
from redis.cluster import RedisCluster

import codeops
from codeops import instrument

SETTING_UP = {"auth", "client", "cluster", "command", "hello", "info", "readonly", "select", "config", "ping"}


def commands(tally) -> Counter:
    """How many of each command were counted; there is no other meter."""
    assert {(meter, unit) for meter, unit, _ in tally.lines} <= {("redis.command", "{command}")}
    return Counter({dict(labels)["operation"]: amount for (_, _, labels), amount in tally.lines.items()})


def executed(client) -> Counter:
    """What the server itself says it executed since it was last asked to forget."""
    stats = client.info("commandstats")
    counted = Counter()
    for name, numbers in stats.items():
        command = name.removeprefix("cmdstat_").partition("|")[0]
        if command not in SETTING_UP:
            counted[command.upper()] += numbers["calls"]
    return counted


@pytest.fixture
def client(peers, hooks):
    made = redis.Redis.from_url(peers.redis(), decode_responses=True)
    made.flushall()
    made.set("k", "v")
    made.hset("h", "f", "v")
    made.config_resetstat()
    yield made
    made.close()


def pipeline(client, *, transaction):
    pipe = client.pipeline(transaction=transaction)
    for number in range(3):
        pipe.set(f"p{number}", number)
    pipe.get("p0")
    return pipe.execute()


def watched(client):
    with client.pipeline() as pipe:
        pipe.watch("k")
        value = pipe.get("k")
        pipe.multi()
        pipe.set("k", value)
        pipe.execute()


def subscribed(client):
    with client.pubsub() as pubsub:
        pubsub.subscribe("news")
        client.publish("news", "hello")
        while not pubsub.get_message(ignore_subscribe_messages=True, timeout=5):
            pass


CALLS = [
    ("one command", {"GET": 1}, lambda c: c.get("k")),
    ("a command of two words", {"CONFIG GET": 1}, lambda c: c.config_get("maxmemory")),
    ("each command of a pipeline", {"SET": 3, "GET": 1}, lambda c: pipeline(c, transaction=False)),
    ("a transaction has a beginning and an end", {"MULTI": 1, "SET": 3, "GET": 1, "EXEC": 1}, lambda c: pipeline(c, transaction=True)),
    ("a watched key", {"WATCH": 1, "GET": 1, "MULTI": 1, "SET": 1, "EXEC": 1}, watched),
    ("a subscription", {"SUBSCRIBE": 1, "PUBLISH": 1}, subscribed),
    ("a scan asks as often as it must", {"SCAN": 1}, lambda c: list(c.scan_iter())),
    ("a script", {"EVAL": 1}, lambda c: c.eval("return 1", 0)),
]


@pytest.mark.parametrize(("claim", "expected", "call"), CALLS, ids=[row[0] for row in CALLS])
def test_commands_of_redis(client, here, claim, expected, call):
    with instrument.tally(here) as tally:
        call(client)

    assert commands(tally) == expected
    assert {site[0] for sites in tally.sites.values() for site in sites} == {"test_redis.py"}


def test_what_is_counted_is_what_the_server_executed(client, here):
    with instrument.tally(here) as tally:
        for number in range(5):
            client.set(f"n{number}", number)
            client.mget("n0", f"n{number}")
        pipeline(client, transaction=True)
        pipeline(client, transaction=False)
        watched(client)

    assert commands(tally) == executed(client)


def test_a_new_connection_is_set_up_for_free(peers, hooks, here):
    with instrument.tally(here) as tally, redis.Redis.from_url(peers.redis() + "/1", protocol=3) as client:
        client.get("k")

    assert commands(tally) == {"GET": 1}


def test_each_attempt_after_a_lost_connection_is_a_command(client, here):
    client.get("k")
    (connection,) = client.connection_pool._available_connections
    connection._sock.close()

    with instrument.tally(here) as tally:
        assert client.get("k") == "v"

    assert commands(tally)["GET"] in {1, 2}  # the pool may notice before it sends


def test_commands_of_the_asyncio_client(peers, client, here):
    async def work():
        async with redis.asyncio.Redis.from_url(peers.redis(), decode_responses=True) as asynchronous:
            with instrument.tally(here) as tally:
                await asynchronous.set("a", "1")
                await asynchronous.mget("a", "b")
                async with asynchronous.pipeline(transaction=True) as pipe:
                    await pipe.set("c", "1").get("c").execute()
                async with asynchronous.pipeline(transaction=False) as pipe:
                    await pipe.set("d", "1").get("d").execute()
                await asyncio.gather(*(asynchronous.get("a") for _ in range(5)))
        return tally

    tally = asyncio.run(work())

    assert commands(tally) == {"SET": 3, "MGET": 1, "GET": 7, "MULTI": 1, "EXEC": 1}
    assert commands(tally) == executed(client)
    assert sum(sum(sites.values()) for sites in tally.sites.values()) == sum(tally.lines.values())


@pytest.fixture(scope="module")
def cluster(peers):
    address = peers.redis("--cluster-enabled", "yes")
    with redis.Redis.from_url(address) as node:
        node.execute_command("CLUSTER ADDSLOTSRANGE", 0, 16383)
        peers.wait_for(lambda: node.cluster("INFO").get("cluster_state") == "ok", "the cluster")
    return address


def test_commands_of_a_cluster(cluster, hooks, here):
    with RedisCluster.from_url(cluster) as client, instrument.tally(here) as tally:
        client.set("a", 1)
        client.get("a")
        with client.pipeline() as pipe:
            pipe.set("b", 1)
            pipe.get("b")
            pipe.execute()

    assert commands(tally) == {"SET": 2, "GET": 2}


def test_commands_of_an_asyncio_cluster(cluster, hooks, here):
    async def work():
        async with redis.asyncio.RedisCluster.from_url(cluster) as client:
            await client.set("a", 1)
            with instrument.tally(here) as tally:
                await client.get("a")
                async with client.pipeline() as pipe:
                    await pipe.set("{x}b", 1).get("{x}b").execute()
        return tally

    assert commands(asyncio.run(work())) == {"GET": 2, "SET": 1}


def _in_pipeline(client, transaction):
    pipe = client.pipeline(transaction=transaction)
    pipe.get("k")
    pipe.get("missing")
    return pipe.execute()


LOOKUPS = [
    ("found", "true", lambda c: c.get("k")),
    ("missing", "false", lambda c: c.get("missing")),
    ("all found", "true", lambda c: c.mget("k", "k")),
    ("one of two missing", "false", lambda c: c.mget("k", "missing")),
    ("a field", "true", lambda c: c.hget("h", "f")),
    ("a missing field", "false", lambda c: c.hget("h", "missing")),
    ("fields", "false", lambda c: c.hmget("h", ["f", "missing"])),
    ("found and taken", "true", lambda c: c.getdel("k")),
    ("a miss is not outweighed by a later hit", "false", lambda c: (c.get("missing"), c.get("k"))),
    ("in a pipeline", "false", lambda c: _in_pipeline(c, transaction=False)),
    ("in a transaction", "false", lambda c: _in_pipeline(c, transaction=True)),
    ("writing is no look-up", None, lambda c: c.set("n", 1)),
    ("counting is no look-up", None, lambda c: c.incr("n2")),
]


@pytest.fixture
def service(peers):
    codeops.instrument(libraries=["redis"], memory=False, ledger="off", switches=["context"])
    with redis.Redis.from_url(peers.redis()) as client:
        client.flushall()
        client.set("k", "v")
        client.hset("h", "f", "v")
        yield client
    codeops.uninstrument()


def label(name):
    return next(row.labels.get("cache_hit") for row in codeops.collect() if row.name == name)


@pytest.mark.parametrize(("claim", "expected", "call"), LOOKUPS, ids=[row[0] for row in LOOKUPS])
def test_a_request_is_labelled_by_what_its_lookups_found(service, claim, expected, call):
    with codeops.span("request"):
        call(service)

    assert label("request") == expected


def test_lookups_of_the_asyncio_client(service, peers):
    async def work():
        async with redis.asyncio.Redis.from_url(peers.redis()) as client:
            with codeops.span("hit"):
                await client.get("k")
            with codeops.span("miss"):
                async with client.pipeline() as pipe:
                    await pipe.get("k").get("missing").execute()

    asyncio.run(work())

    assert (label("hit"), label("miss")) == ("true", "false")

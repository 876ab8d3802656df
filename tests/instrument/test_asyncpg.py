import asyncio
import io
from contextlib import suppress

import asyncpg
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from codeops import instrument

QUERY = ("db.query", "{query}", ())


def queries(tally) -> int:
    assert set(tally.lines) <= {QUERY}
    return tally.lines.get(QUERY, 0)


async def _prepared(connection):
    statement = await connection.prepare("select $1::int")
    return [await statement.fetchval(number) for number in range(3)]


async def _prepared_many(connection):
    statement = await connection.prepare("insert into t values ($1)")
    await statement.executemany([(1,), (2,)])


async def _iterated(connection):
    async with connection.transaction():
        return [row async for row in connection.cursor("select generate_series(1, 1000)", prefetch=10)]


async def _fetched(connection):
    async with connection.transaction():
        cursor = await connection.cursor("select generate_series(1, 1000)")
        return [await cursor.fetch(10), await cursor.fetchrow()]


async def _rolled_back(connection):
    with suppress(ZeroDivisionError):  # the block is left by a rollback
        async with connection.transaction(isolation="serializable", readonly=True):
            async with connection.transaction():
                await connection.fetch("select 1")
            _ = 1 / 0


CALLS = [
    ("a text without arguments", 1, lambda c: c.execute("select 1")),
    ("a text with arguments", 1, lambda c: c.execute("select $1::int", 1)),
    ("an executemany is one statement", 1, lambda c: c.executemany("insert into t values ($1)", [(1,), (2,), (3,)])),
    ("rows", 1, lambda c: c.fetch("select * from t")),
    ("a row", 1, lambda c: c.fetchrow("select * from t")),
    ("a value", 1, lambda c: c.fetchval("select 1")),
    ("many with their rows", 1, lambda c: c.fetchmany("insert into t values ($1) returning a", [(1,), (2,)])),
    ("preparing sends none, each execution one", 3, _prepared),
    ("a prepared executemany", 1, _prepared_many),
    ("a cursor is one, however often it fetches", 1, _iterated),
    ("a cursor by hand", 1, _fetched),
    ("a copy out", 1, lambda c: c.copy_from_query("select 1", output=io.BytesIO())),
    ("a copy in", 1, lambda c: c.copy_records_to_table("t", records=[(1,), (2,)])),
    ("what opens and ends a transaction is none", 1, _rolled_back),
]


@pytest.mark.parametrize(("claim", "number", "call"), CALLS, ids=[claim for claim, _, _ in CALLS])
def test_statements_of_asyncpg(peers, hooks, here, claim, number, call):
    async def work():
        connection = await asyncpg.connect(peers.postgres_url())
        await connection.execute("create temp table t (a int)")
        with instrument.tally(here) as tally:
            await call(connection)
        await connection.close()
        return tally

    tally = asyncio.run(work())

    assert queries(tally) == number
    assert sum(tally.sites[QUERY].values()) == number


def test_a_pool_adds_nothing_of_its_own(peers, hooks, here):
    async def work():
        async with asyncpg.create_pool(peers.postgres_url(), min_size=1, max_size=2) as pool:
            with instrument.tally(here) as tally:
                await pool.fetch("select 1")
                async with pool.acquire() as connection, connection.transaction():
                    await connection.fetchval("select 2")
                await asyncio.gather(*(pool.execute("select 3") for _ in range(4)))
        return tally

    assert queries(asyncio.run(work())) == 6


def test_sqlalchemy_above_asyncpg_counts_once_at_the_users_line(peers, hooks, here):
    async def work():
        engine = create_async_engine(peers.postgres_url().replace("postgresql", "postgresql+asyncpg"), poolclass=sa.pool.NullPool)
        async with engine.connect() as connection:
            with instrument.tally(here) as tally:
                await connection.execute(sa.text("select 1"))
        return tally

    tally = asyncio.run(work())

    assert queries(tally) == 1
    ((site, _),) = tally.sites[QUERY].items()
    assert site[2].endswith(".work")


def test_without_sqlalchemy_hooked_its_statements_are_still_no_statements_of_the_user_below(peers, here):
    """Negative control of `below`: the driver alone, hooked, sees SQLAlchemy above it and stays silent."""

    async def work():
        engine = create_async_engine(peers.postgres_url().replace("postgresql", "postgresql+asyncpg"), poolclass=sa.pool.NullPool)
        async with engine.connect() as connection:
            with instrument.tally(here) as tally:
                await connection.execute(sa.text("select 1"))
        bare = await asyncpg.connect(peers.postgres_url())
        with instrument.tally(here) as own:
            await bare.execute("select 1")
        await bare.close()
        return tally, own

    instrument.install(["asyncpg"])
    through, own = asyncio.run(work())
    instrument.uninstall()

    assert (queries(through), queries(own)) == (0, 1)

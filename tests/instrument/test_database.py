import asyncio
import sqlite3

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from codeops import instrument

QUERY = ("db.query", "{query}", ())


def queries(tally) -> int:
    assert set(tally.lines) <= {QUERY}
    return tally.lines.get(QUERY, 0)


@pytest.fixture
def connection(hooks):
    made = sqlite3.connect(":memory:")
    made.execute("create table t (a)")
    yield made
    made.close()


CALLS = [
    ("execute on the connection", 1, lambda c: c.execute("select 1")),
    ("execute on a cursor", 1, lambda c: c.cursor().execute("select 1")),
    (
        "an executemany is one statement, its rows are not queries",
        1,
        lambda c: c.executemany("insert into t values (?)", [(1,), (2,), (3,)]),
    ),
    ("a script has as many as it has", 3, lambda c: c.executescript("insert into t values (';'); select 1; select 2; -- end")),
    ("fetching is no statement", 1, lambda c: c.execute("select 1").fetchall()),
    ("a commit is none", 0, lambda c: c.commit()),
]


@pytest.mark.parametrize(("claim", "number", "call"), CALLS, ids=[claim for claim, _, _ in CALLS])
def test_statements_of_sqlite3(connection, here, claim, number, call):
    with instrument.tally(here) as tally:
        call(connection)

    assert queries(tally) == number


def test_connections_and_cursors_of_sqlite3_stay_what_the_user_made_them(hooks, here):
    class Mine(sqlite3.Connection):
        pass

    class MyCursor(sqlite3.Cursor):
        pass

    with instrument.tally(here) as tally:
        connection = sqlite3.connect(":memory:", factory=Mine)
        connection.row_factory = sqlite3.Row
        row = connection.execute("select 1 as one").fetchone()
        cursor = connection.cursor(MyCursor)
        cursor.execute("select 2")
        connection.close()

    assert isinstance(connection, Mine)
    assert isinstance(cursor, MyCursor)
    assert type(connection).__name__ == "Mine"
    assert row["one"] == 1
    assert queries(tally) == 2


def test_sqlalchemy_above_sqlite3_counts_once(hooks, here):
    engine = sa.create_engine("sqlite://", poolclass=sa.pool.StaticPool)
    with engine.begin() as connection, instrument.tally(here) as tally:
        connection.execute(sa.text("create table t (a int)"))
        connection.execute(sa.text("insert into t values (:a)"), [{"a": 1}, {"a": 2}])
        connection.execute(sa.text("select * from t")).all()
    engine.dispose()

    assert queries(tally) == 3


def test_the_line_of_a_lazy_load_is_the_line_that_loads(hooks, here):
    class Base(sa.orm.DeclarativeBase):
        pass

    class Parent(Base):
        __tablename__ = "parent"
        id = sa.orm.mapped_column(sa.Integer, primary_key=True)
        children = sa.orm.relationship("Child")

    class Child(Base):
        __tablename__ = "child"
        id = sa.orm.mapped_column(sa.Integer, primary_key=True)
        parent_id = sa.orm.mapped_column(sa.ForeignKey("parent.id"))

    engine = sa.create_engine("sqlite://", poolclass=sa.pool.StaticPool)
    Base.metadata.create_all(engine)
    with sa.orm.Session(engine) as session:
        session.add_all([Parent(id=number, children=[Child(), Child()]) for number in range(3)])
        session.commit()
        with instrument.tally(here) as tally:
            for parent in session.scalars(sa.select(Parent)):
                len(parent.children)
    engine.dispose()

    assert queries(tally) == 4
    assert sorted(tally.sites[QUERY].values()) == [1, 3]


def test_psycopg_sync(peers, hooks, here):
    with psycopg.connect(peers.postgres(), autocommit=True) as connection, instrument.tally(here) as tally:
        connection.execute("create temp table t (a int)")
        with connection.cursor() as cursor:
            cursor.executemany("insert into t values (%s)", [(1,), (2,), (3,)])
            list(cursor.stream("select * from t"))
        with psycopg.ServerCursor(connection, "named", withhold=True) as cursor:
            cursor.execute("select * from t")

    assert queries(tally) == 4
    assert sum(tally.sites[QUERY].values()) == 4


def test_psycopg_async(peers, hooks, here):
    async def work():
        async with await psycopg.AsyncConnection.connect(peers.postgres(), autocommit=True) as connection:
            with instrument.tally(here) as tally:
                await connection.execute("select 1")
                async with connection.cursor() as cursor:
                    await cursor.execute("select 2")
                    async with cursor.copy("copy (select 1) to stdout") as copy:
                        async for _ in copy:
                            pass
        return tally

    tally = asyncio.run(work())

    assert queries(tally) == 3
    assert {site[2] for site in tally.sites[QUERY]} == {"test_psycopg_async.<locals>.work"}


@pytest.mark.parametrize("driver", ["postgresql+psycopg", "postgresql+psycopg_async"])
def test_sqlalchemy_above_psycopg_counts_once_at_the_users_line(peers, hooks, here, driver):
    port = peers.postgres().split("port=")[1].split(" ")[0]
    url = f"{driver}://postgres@127.0.0.1:{port}/postgres"

    async def work_async():
        engine = create_async_engine(url, poolclass=sa.pool.NullPool)
        async with engine.connect() as connection:
            with instrument.tally(here) as tally:
                await connection.execute(sa.text("select 1"))
        return tally

    def work():
        engine = sa.create_engine(url, poolclass=sa.pool.NullPool)
        with engine.connect() as connection, instrument.tally(here) as tally:
            connection.execute(sa.text("select 1"))
        return tally

    tally = asyncio.run(work_async()) if driver.endswith("async") else work()

    assert queries(tally) == 1
    ((site, _),) = tally.sites[QUERY].items()
    assert site[2].partition(".<locals>.")[2] in {"work", "work_async"}

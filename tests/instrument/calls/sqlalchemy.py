import sqlalchemy as sa

CONSUMED = {"db.query": 1}


def connect(peers):
    engine = sa.create_engine("sqlite://", poolclass=sa.pool.NullPool)
    return engine.connect()


def call(client):
    client.execute(sa.text("select 1"))  # <- call


def fail(client):
    client.execute(sa.text("select nonsense"))

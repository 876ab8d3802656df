import cachetools

CONSUMED = {}
LABELS = {"cache_hit": "true"}


def connect(peers):
    @cachetools.cached({})
    def doubled(number):
        return 2 * number

    doubled(1)
    return doubled


def call(client):
    client(1)  # <- call


def fail(client):
    client("a", "b")

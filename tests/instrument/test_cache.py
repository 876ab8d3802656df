import threading

import cachetools
import cachetools.keys
import pytest

import codeops


@pytest.fixture
def service():
    codeops.instrument(libraries=["cachetools", "django-cache"], memory=False, ledger="off", switches=["context"])
    yield
    codeops.uninstrument()


def label(call) -> str | None:
    """The request's label after `call`."""
    with codeops.span(f"request {label.number}"):
        call()
    label.number += 1
    return next(row.labels.get("cache_hit") for row in codeops.collect() if row.name == f"request {label.number - 1}")


label.number = 0

WAYS = [
    ("a dict", dict, {}),
    ("least recently used", lambda: cachetools.LRUCache(10), {}),
    ("with a time to live and a lock", lambda: cachetools.TTLCache(10, 60), {"lock": threading.RLock()}),
    ("a key of the user's own", lambda: cachetools.LFUCache(10), {"key": str}),
    ("with statistics", lambda: cachetools.LRUCache(10), {"info": True}),
    ("with a condition", lambda: cachetools.LRUCache(10), {"condition": threading.Condition()}),
]


@pytest.mark.parametrize(("claim", "make", "options"), WAYS, ids=[row[0] for row in WAYS])
def test_lookups_of_a_decorated_function(service, claim, make, options):
    cache = make()

    @cachetools.cached(cache, **options)
    def doubled(number):
        return 2 * number

    assert [label(lambda: doubled(1)), label(lambda: doubled(1))] == ["false", "true"]
    assert label(lambda: (doubled(1), doubled(2))) == "false"
    assert doubled(1) == 2
    assert doubled.cache is cache


def test_lookups_of_a_decorated_method(service):
    class Squares:
        def __init__(self) -> None:
            self.cache = cachetools.LRUCache(10)

        @cachetools.cachedmethod(lambda self: self.cache)
        def of(self, number):
            return number * number

    one, other = Squares(), Squares()

    assert [label(lambda: one.of(3)), label(lambda: one.of(3)), label(lambda: other.of(3))] == ["false", "true", "false"]
    assert one.of(3) == 9


def test_lookups_by_get(service):
    cache = cachetools.TTLCache(10, 60)
    cache["none"] = None

    assert label(lambda: cache.get("none", "default")) == "true"
    assert label(lambda: cache.get("missing")) == "false"
    assert cache.get("missing", "default") == "default"
    assert cache.get("none", "default") is None


def test_a_decorated_function_stays_what_it_was(service):
    @cachetools.cached({}, key=cachetools.keys.typedkey)
    def documented(number):
        """A docstring."""
        if number < 0:
            raise ValueError("negative")
        return number

    assert (documented.__name__, documented.__doc__) == ("documented", "A docstring.")
    assert documented.cache_key(1) == cachetools.keys.typedkey(1)
    with pytest.raises(ValueError, match="negative"):
        documented(-1)


def test_without_a_request_a_lookup_is_nobodys(service):
    @cachetools.cached({})
    def doubled(number):
        return 2 * number

    doubled(1)

    assert not [row for row in codeops.collect() if "cache_hit" in row.labels]


BACKENDS = ["django.core.cache.backends.locmem.LocMemCache", "django.core.cache.backends.redis.RedisCache"]


@pytest.fixture(params=BACKENDS, ids=lambda name: name.rpartition(".")[2])
def cache(request, peers, service):
    peers.django()
    from django.core.cache import CacheHandler

    location = {"LOCATION": peers.redis()} if "redis" in request.param else {}
    made = CacheHandler({"default": {"BACKEND": request.param, **location}})["default"]
    made.clear()
    made.set("k", "v")
    made.set("none", None)
    return made


LOOKUPS = [
    ("found", "true", lambda c: c.get("k")),
    ("None is found too", "true", lambda c: c.get("none", "default")),
    ("missing", "false", lambda c: c.get("missing", "default")),
    ("all found", "true", lambda c: c.get_many(["k", "none"])),
    ("all found, from an iterator", "true", lambda c: c.get_many(iter(["k", "k"]))),
    ("one of two missing", "false", lambda c: c.get_many(["k", "missing"])),
    ("made because it was missing", "false", lambda c: c.get_or_set("new", 1)),
    ("there already", "true", lambda c: c.get_or_set("k", 1)),
    ("in square brackets of nothing", None, lambda c: c.set("k2", 1)),
]


@pytest.mark.parametrize(("claim", "expected", "call"), LOOKUPS, ids=[row[0] for row in LOOKUPS])
def test_lookups_of_djangos_cache(cache, claim, expected, call):
    assert label(lambda: call(cache)) == expected


def test_djangos_cache_answers_as_ever(cache):
    with codeops.span("request"):
        answers = [cache.get("k"), cache.get("missing"), cache.get("missing", 7), cache.get("none", 7), cache.get_many(["k", "missing"])]

    assert answers == ["v", None, 7, None, {"k": "v"}]

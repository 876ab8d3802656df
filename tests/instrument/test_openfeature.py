import asyncio

import pytest
from openfeature import api
from openfeature.hook import Hook
from openfeature.provider.in_memory_provider import InMemoryFlag, InMemoryProvider
from openfeature.provider.no_op_provider import NoOpProvider

import codeops
from codeops.instrument.libraries import openfeature as library

FLAGS = {
    "checkout": InMemoryFlag("new", {"new": True, "old": False}),
    "size": InMemoryFlag("big", {"big": 10, "small": 1}),
}


@pytest.fixture
def client():
    codeops.instrument(libraries=["openfeature"], memory=False, ledger="off", switches=["context"])
    api.set_provider(InMemoryProvider(FLAGS))
    yield api.get_client()
    codeops.uninstrument()
    api.clear_providers()


def labels(name):
    found = next(row.labels for row in codeops.collect() if row.name == name)
    return found.get("feature_flag.key"), found.get("feature_flag.result.variant")


def test_a_request_is_labelled_with_the_variant_of_its_flag(client):
    with codeops.span("request"):
        assert client.get_boolean_value("checkout", False)
    with codeops.span("other"):
        pass

    assert labels("request") == ("checkout", "new")
    assert labels("other") == (None, None)


def test_several_flags_of_one_request_are_all_told(client):
    with codeops.span("request"):
        client.get_integer_value("size", 0)
        client.get_boolean_value("checkout", False)

    assert labels("request") == ("checkout,size", "new,big")


def test_an_evaluation_in_a_coroutine_is_told(client):
    async def work():
        with codeops.span("request"):
            await client.get_boolean_value_async("checkout", False)

    asyncio.run(work())

    assert labels("request") == ("checkout", "new")


def test_where_there_is_no_variant_the_value_stands_for_it(client):
    with codeops.span("request"):
        client.get_boolean_value("missing", True)

    assert labels("request") == ("missing", "true")


def test_without_a_provider_the_default_is_told(client):
    api.set_provider(NoOpProvider())

    with codeops.span("request"):
        client.get_string_value("theme", "dark")

    assert labels("request") == ("theme", "Passed in default")


class Mine(Hook):
    pass


def test_hooks_of_the_users_own_stay_and_ours_survives_their_being_cleared(client):
    mine = Mine()
    api.add_hooks([mine])
    api.clear_hooks()
    cleared = list(api.get_hooks())
    api.add_hooks([mine])

    with codeops.span("request"):
        client.get_boolean_value("checkout", False)
    told = labels("request")
    codeops.uninstrument()
    left = list(api.get_hooks())
    api.clear_hooks()

    assert cleared == [library._listener()]
    assert told == ("checkout", "new")
    assert left == [mine]
    assert api.get_hooks() == []

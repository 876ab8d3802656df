"""Bytes count for the span of the request, as the usual instrumentations of OpenTelemetry open and close it."""

import pytest

from instrument.servers.peer import TRACED, counted, handed_over, running


@pytest.fixture(scope="module", params=TRACED, ids="-".join)
def peer(request, tmp_path_factory):
    with running(*request.param, tmp_path_factory.mktemp("peer"), "traced") as started:
        yield started


def spans(peer, path):
    raw = peer.ask(path)
    expected = handed_over(raw, peer.server)
    entries = [entry for entry in peer.entries(expected) if "meter" in entry]
    assert counted(entries) == expected
    return {(entry["span"].replace(" /", " ").replace("<id>", "{id}"), entry["is_open"]) for entry in entries}


@pytest.mark.parametrize("path", ["/plain", "/items/7", "/empty", "/file", "/away", "/fail"])
def test_an_ordinary_response_is_counted_while_the_span_is_open(peer, path):
    assert spans(peer, path) == {(f"GET {path[1:].replace('7', '{id}')}", True)}


@pytest.mark.parametrize("path", ["/stream", "/big"])
def test_a_response_of_unknown_length_or_a_very_long_one_counts_for_the_span_even_if_that_has_ended(peer, path):
    found = spans(peer, path)

    assert {name for name, _ in found} == {f"GET {path[1:]}"}
    assert (f"GET {path[1:]}", True) in found, "the head at least"
    if peer.site == "fastapi":
        assert len(found) == 1

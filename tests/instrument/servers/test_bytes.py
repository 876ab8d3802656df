"""What is counted in a real server equals what arrives at the other end of a socket."""

import time

import pytest

from instrument.servers.peer import Peer, counted, handed_over, labels

ASGI = [(site, f"uvicorn-{loop}") for site in ("starlette", "fastapi", "django_asgi") for loop in ("asyncio", "uvloop")]
WSGI = [(site, server) for site in ("flask", "django") for server in ("wsgiref", "gunicorn-sync", "gunicorn-gthread")]
PATHS = ["/plain", "/items/7", "/empty", "/unchanged", "/big", "/stream", "/file", "/away", "/fail", "/nowhere"]


@pytest.fixture(scope="module", params=[*ASGI, *WSGI], ids="-".join)
def peer(request, tmp_path_factory):
    site, server = request.param
    started = Peer(site, server, tmp_path_factory.mktemp("peer") / "log")
    yield started
    started.stop()


@pytest.mark.parametrize("path", PATHS)
def test_the_bytes_counted_are_those_that_arrive(peer, path):
    raw = peer.ask(path)
    expected = handed_over(raw, peer.server)

    entries = peer.entries(expected)

    assert raw.startswith(b"HTTP/1.")
    assert counted(entries) == expected
    assert {tuple(entry["labels"].items()) for entry in entries if "meter" in entry} == {(("destination", "intra-zone"),)}


def test_a_body_that_no_server_sends_is_not_counted(peer):
    head, _, body = peer.ask("/big", "HEAD").partition(b"\r\n\r\n")
    expected = handed_over(head + b"\r\n\r\n", peer.server)

    assert not body or (peer.site, peer.server) == ("django", "wsgiref"), "wsgiref alone sends the body that Django returns for HEAD"
    assert counted(peer.entries(expected)) == expected


def test_an_answer_to_the_internet_is_counted_as_such(peer):
    raw = peer.ask("/plain", headers="X-Forwarded-For: 10.0.0.1, 8.8.8.8\r\n")

    entries = peer.entries(handed_over(raw))

    assert [entry["labels"] for entry in entries if "meter" in entry] == [{}] * sum("meter" in entry for entry in entries)


def test_an_answer_to_a_configured_network_is_counted_as_such(peer):
    raw = peer.ask("/plain", headers="Forwarded: for=203.0.113.9\r\n")

    entries = peer.entries(handed_over(raw))

    assert {entry["labels"]["destination"] for entry in entries if "meter" in entry} == {"inter-region"}


def test_the_route_is_noted_as_its_template(peer):
    raw = peer.ask("/items/7")

    entries = peer.entries(handed_over(raw))

    noted = labels(entries, "http.route")
    assert [template.replace("<", "{").replace(">", "}").lstrip("/") for template in noted] == ["items/{id}"]


def test_each_request_has_its_own_tenant(peer):
    for tenant, header in (("acme", "X-Tenant: acme\r\n"), ("(missing)", ""), ("müller", "X-Tenant: müller\r\n")):
        raw = peer.ask("/plain", headers=header)

        assert labels(peer.entries(handed_over(raw)), "tenant.id") == [tenant]


def test_a_client_that_goes_away_closes_the_stream(peer):
    received = peer.leave("/endless")

    until = time.monotonic() + 10
    entries = peer.entries()
    while not labels(entries, "closed") and time.monotonic() < until:
        time.sleep(0.05)
        entries += peer.entries()

    assert labels(entries, "closed") == ["yes"]
    assert counted(entries) > received * 0.99, "chunks have lengths beside what is counted"


def test_two_requests_on_one_connection_are_counted_apart(peer):
    if peer.server in {"wsgiref", "gunicorn-sync"}:
        return  # these close a connection after each response
    request = "GET /items/{} HTTP/1.1\r\nHost: localhost\r\nX-Tenant: t{}\r\n{}\r\n"
    both = request.format(1, 1, "") + request.format(2, 2, "Connection: close\r\n")

    raw = peer.raw(both.encode())

    second = raw.index(b"HTTP/1.1", 1)
    expected = handed_over(raw[:second], peer.server) + handed_over(raw[second:], peer.server)
    entries = peer.entries(expected)
    assert counted(entries) == expected
    assert labels(entries, "tenant.id") == ["t1", "t2"]

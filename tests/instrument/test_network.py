import socket
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeops.core.errors import InvalidValue
from codeops.instrument import network

INTRA, INTERNET = {"destination": "intra-zone"}, {}


@pytest.fixture(autouse=True)
def _defaults():
    network.configure(None)
    yield
    network.configure(None)


@pytest.mark.parametrize(
    ("host", "labels"),
    [
        ("127.0.0.1", INTRA),
        ("127.255.255.254", INTRA),  # all of 127/8 is loopback
        ("::1", INTRA),
        ("10.0.0.0", INTRA),
        ("10.255.255.255", INTRA),
        ("9.255.255.255", INTERNET),
        ("11.0.0.0", INTERNET),
        ("172.15.255.255", INTERNET),
        ("172.16.0.0", INTRA),
        ("172.31.255.255", INTRA),
        ("172.32.0.0", INTERNET),
        ("192.168.1.1", INTRA),
        ("192.169.0.0", INTERNET),
        ("169.254.169.254", INTRA),  # link-local: the metadata service
        ("fe80::1%eth0", INTRA),
        ("fdff::1", INTRA),
        ("fe00::1", INTERNET),
        ("2001:db8::1", INTERNET),
        ("100.64.0.1", INTERNET),  # carrier-grade NAT is nobody's own network unless the user says so
        ("::ffff:10.0.0.1", INTRA),  # IPv4 in IPv6
        ("::ffff:8.8.8.8", INTERNET),
        ("localhost", INTRA),
        ("db", INTRA),
        ("DB.", INTRA),
        ("a.b.internal", INTRA),
        ("api.default.svc", INTRA),
        ("api.default.svc.cluster.local", INTRA),
        ("printer.LOCAL.", INTRA),
        ("internal.example.com", INTERNET),
        ("notinternal", INTRA),  # no dot
        ("x.notinternal", INTERNET),
        ("example.com", INTERNET),
        ("example.com:443", INTERNET),
        ("10.0.0.1:80", INTRA),
        ("[::1]:80", INTRA),
        ("[2001:db8::1]", INTERNET),
        ("2130706433", INTRA),  # 127.0.0.1 as one number: clients accept it
        ("134744072", INTERNET),  # 8.8.8.8
        ("0x8080808", INTERNET),
        ("0x7f.1", INTRA),
        ("", INTERNET),
        ("a" * 254, INTERNET),  # longer than a name can be
        ("a b", INTERNET),
        ("a:b:c", INTERNET),
        ("user@db", INTERNET),
        ("１３４７４４０７２", INTERNET),  # a client may turn these digits into 8.8.8.8
        ("example。com", INTERNET),  # and this stop into a dot
        ("\x00", INTERNET),
    ],
)
def test_hosts_are_judged_by_how_they_are_written(host, labels):
    assert network.labels_of(host) == labels
    assert network.is_internal(host) == bool(labels)


def test_no_name_is_looked_up(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: pytest.fail("looked up"))
    monkeypatch.setattr(socket, "gethostbyname", lambda *_: pytest.fail("looked up"))

    assert network.labels_of("example.com") == {}


def test_the_longest_match_wins_whatever_the_order():
    entries = {
        "10.0.0.0/8": "inter-region",
        "10.2.0.0/16": "inter-zone",
        "10.2.3.4": "internet",
        ".corp.example": "inter-zone",
        "*.eu.corp.example": "inter-region",
        "nat.eu.corp.example": "nat",
    }
    expected = {
        "10.9.9.9": "inter-region",
        "10.2.9.9": "inter-zone",
        "10.2.3.4": "internet",
        "192.168.0.1": "intra-zone",  # the defaults stay
        "a.corp.example": "inter-zone",
        "a.eu.corp.example": "inter-region",
        "x.a.eu.corp.example": "inter-region",
        "nat.eu.corp.example": "nat",
        "corp.example": "internet",  # a suffix is not the name itself
    }

    for given_entries in (entries, dict(reversed(entries.items()))):
        network.configure(given_entries)

        assert {host: network.destination_of(host) for host in expected} == expected


def test_what_leads_outside_is_not_internal():
    network.configure({"proxy.corp.example": "nat", "10.0.0.5": "internet", ".corp.example": "inter-zone"})

    assert not network.is_internal("proxy.corp.example")
    assert not network.is_internal("10.0.0.5")
    assert network.is_internal("db.corp.example")


def test_a_new_configuration_takes_the_place_of_the_one_before():
    network.configure({"example.com": "inter-zone"})
    assert network.labels_of("example.com") == {"destination": "inter-zone"}

    network.configure({})

    assert network.labels_of("example.com") == {}


@pytest.mark.parametrize(
    ("networks", "fix"),
    [
        ({"10.0.0.1/8": "intra-zone"}, "'10.0.0.0/8'"),  # the fix names the network that was meant
        ({"10.0.0.0/33": "intra-zone"}, "'10.0.0.0/8'"),
        ({"http://db/": "intra-zone"}, "'10.0.0.0/8'"),
        ({"db:5432": "intra-zone"}, "without scheme, port or path"),
        ({"10.0.0.300": "intra-zone"}, "without scheme, port or path"),
        ({"": "intra-zone"}, "without scheme, port or path"),
        ({".": "intra-zone"}, "without scheme, port or path"),
        ({"a..b": "intra-zone"}, "without scheme, port or path"),
        ({7: "intra-zone"}, "'10.0.0.0/8'"),
        ({"db": ""}, "'inter-zone'"),
        ({"db": None}, "'inter-zone'"),
        ({"db": "a\nb"}, "'inter-zone'"),
    ],
)
def test_what_is_no_network_is_refused_and_nothing_changes(networks, fix):
    network.configure({"example.com": "inter-zone"})

    with pytest.raises(InvalidValue) as caught:
        network.configure(networks)

    assert fix in caught.value.fix
    assert network.labels_of("example.com") == {"destination": "inter-zone"}


@pytest.mark.parametrize(
    ("peer", "forwarded", "labels"),
    [
        ("8.8.8.8", None, INTERNET),
        ("10.0.0.1", None, INTRA),
        ("10.0.0.1", "", INTRA),
        ("10.0.0.1", "8.8.8.8", INTERNET),
        ("10.0.0.1", "10.0.0.2", INTRA),
        ("10.0.0.1", "10.0.0.2, 8.8.8.8, 10.0.0.3", INTERNET),  # a client that says it is internal does not get cheaper
        ("8.8.8.8", "10.0.0.2", INTERNET),
        ("10.0.0.1", "unknown", INTERNET),
        ("10.0.0.1", "db", INTERNET),  # no client is a name
        ("10.0.0.1", "[::1]:80", INTRA),
        ("10.0.0.1", 'for=192.0.2.60;proto=http;by=10.0.0.4, for="[fd00::1]:4711"', INTERNET),
        ("10.0.0.1", 'For="[fd00::1]:4711";by=203.0.113.43', INTRA),
        ("10.0.0.1", "for=_hidden", INTERNET),
        ("10.0.0.1", "by=10.0.0.4", INTERNET),  # nobody says for whom
        ("", None, INTERNET),
        ("", "10.0.0.2", INTRA),
        ("10.0.0.1", "10.0.0.2," * 100, INTERNET),  # no chain of the user's own proxies is that long
    ],
)
def test_a_client_is_internal_only_if_everybody_on_its_way_is(peer, forwarded, labels):
    assert network.destination_of_client(peer, forwarded) == labels.get("destination", "internet")


def test_a_client_in_a_configured_network_is_labelled_so():
    network.configure({"10.2.0.0/16": "inter-zone", "10.3.0.1": "internet"})

    assert network.destination_of_client("10.0.0.1", "10.2.0.9, 10.0.0.2") == "inter-zone"
    assert network.destination_of_client("10.3.0.1", "10.2.0.9") == "internet"  # a load balancer that hides its clients


@given(st.text(max_size=300))
def test_no_host_is_too_strange(host):
    assert network.labels_of(host) in (INTRA, INTERNET)
    assert network.destination_of_client("10.0.0.1", host) in {"intra-zone", "internet"}


def test_hostile_hosts_do_not_fill_the_memory():
    tracemalloc.start()
    try:
        for number in range(6_000):
            network.labels_of(f"{number}.{'x' * 200}.example.com")
            network.destination_of_client("10.0.0.1", f"10.0.0.1, {number}.{'x' * 400}")
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert held < 5_000_000

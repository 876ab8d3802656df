"""The rows of a real service: bytes by route and by tenant are those that arrived at its clients."""

import json
import re
from collections import Counter
from importlib.util import find_spec

import pytest

from instrument.servers.peer import TRACED, handed_over, running

SITES = [*TRACED, *([("fastapi_native", "uvicorn-asyncio")] if find_spec("fastapi.telemetry") else [])]
REQUESTS = [
    ("/plain", "acme"),
    ("/plain", "acme"),
    ("/plain", "umbrella"),
    ("/items/7", "acme"),
    ("/items/8", "acme"),
    ("/big", "umbrella"),
    ("/stream", ""),
    ("/file", "acme"),
    ("/fail", "acme"),
]


@pytest.fixture(scope="module", params=SITES, ids="-".join)
def peer(request, tmp_path_factory):
    with running(*request.param, tmp_path_factory.mktemp("peer"), "rows") as started:
        yield started


def test_rows_by_route_and_tenant_hold_the_bytes_that_arrived(peer):
    expected: Counter[tuple[str, str]] = Counter()
    for path, tenant in REQUESTS:
        raw = peer.ask(path, headers=f"x-tenant: {tenant}\r\n" if tenant else "")
        expected[path.replace("7", "{id}").replace("8", "{id}"), tenant or "(missing)"] += handed_over(raw, peer.server)

    found: Counter[tuple[str, str]] = Counter()
    for row in peer.rows():
        if "network.egress" in row["usage"]:
            route = "/" + row["labels"]["http.route"].lstrip("/").replace("<", "{").replace(">", "}")
            found[route, row["labels"]["tenant.id"]] += row["usage"]["network.egress"]
    assert found == expected


@pytest.mark.parametrize(
    ("headers", "members"),
    [
        ("x-tenant: acme\r\n", {"tenant.id=acme"}),
        ("x-tenant: acme\r\nbaggage: other=1\r\n", {"tenant.id=acme", "other=1"}),
        ("x-tenant: acme\r\nbaggage: tenant.id=rival,other=1\r\n", {"tenant.id=acme", "other=1"}),
        ("baggage: tenant.id=rival,other=1\r\n", {"other=1"}),  # anybody can send it: it is not believed, and goes no further
        ("baggage: tenant%2Eid=rival\r\n", {""}),
        ("", {""}),
    ],
)
def test_the_tenant_leaves_as_baggage_and_one_that_is_not_believed_does_not(peer, headers, members):
    raw = peer.ask("/leaving", headers=headers)

    left = json.loads(re.search(rb"{.*}", raw)[0])
    assert set(left.get("baggage", "").split(",")) == members
    assert "traceparent" in left

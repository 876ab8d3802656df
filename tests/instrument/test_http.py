import asyncio
import http.client
import io
import urllib.request

import aiohttp
import httpx
import httpx2
import pytest
import requests
import urllib3
from opentelemetry import baggage, context
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor

from codeops import instrument
from codeops.instrument import tenant

BODY = b"x" * 5000


def totals(tally) -> tuple[int, int]:
    """Calls and bytes; every line has the host."""
    assert {dict(labels).get("host") for _, _, labels in tally.lines} <= {"127.0.0.1"}
    sums = {meter: amount for (meter, _, _), amount in tally.lines.items()}
    assert set(sums) <= {"http.call", "network.egress"}
    return sums.get("http.call", 0), sums.get("network.egress", 0)


def with_http_client(url, body):
    connection = http.client.HTTPConnection(url.removeprefix("http://"))
    connection.request("POST", "/a?b=c", body, {"x-y": "z"})
    connection.getresponse().read()
    connection.close()


def with_urllib(url, body):
    with urllib.request.urlopen(urllib.request.Request(url + "/a", body)) as answer:
        answer.read()


def with_urllib3(url, body):
    with urllib3.PoolManager() as pool:
        pool.request("POST", url + "/a", body=body)


def with_requests(url, body):
    with requests.Session() as session:
        session.post(url + "/a", data=body, headers={"x": "é".encode()})


def with_httpx(url, body):
    with httpx.Client() as client:
        client.post(url + "/a", content=body, params={"q": "1"})


def with_httpx2(url, body):
    with httpx2.Client() as client:
        client.post(url + "/a", content=body)


def with_aiohttp(url, body):
    async def work():
        async with aiohttp.ClientSession() as session, session.post(url + "/a?b=c", data=body) as answer:
            await answer.read()

    asyncio.run(work())


def with_httpx_async(url, body):
    async def work():
        async with httpx.AsyncClient() as client:
            await client.post(url + "/a", content=body)

    asyncio.run(work())


CLIENTS = [with_http_client, with_urllib, with_urllib3, with_requests, with_httpx, with_httpx2, with_aiohttp, with_httpx_async]


@pytest.mark.parametrize("client", CLIENTS)
def test_egress_is_every_byte_that_the_server_received(web, hooks, here, client):
    with instrument.tally(here) as tally:
        client(web.url, BODY)

    assert totals(tally) == (1, web.received_bytes)
    assert web.received_bytes > len(BODY)


@pytest.mark.parametrize("client", [with_http_client, with_requests])
def test_egress_of_a_file_is_counted_as_it_is_sent(web, hooks, here, client):
    with instrument.tally(here) as tally:
        client(web.url, io.BytesIO(BODY))

    assert totals(tally) == (1, web.received_bytes)


def test_a_body_of_unknown_length_is_counted_without_the_framing_of_its_chunks(web, hooks, here):
    framing = len(b"7d0\r\n\r\n") * 2 + len(b"3e8\r\n\r\n") + len(b"0\r\n\r\n")

    def chunks():
        yield BODY[:2000]
        yield BODY[2000:4000]
        yield BODY[4000:]

    async def chunks_async():
        for chunk in chunks():
            await asyncio.sleep(0)
            yield chunk

    for client, body in (
        (with_httpx, chunks()),
        (with_httpx2, chunks()),
        (with_httpx_async, chunks_async()),
        (with_aiohttp, chunks_async()),
    ):
        web.forget()
        with instrument.tally(here) as tally:
            client(web.url, body)

        assert totals(tally) == (1, web.received_bytes - framing), client


def test_each_redirect_is_a_call(web, hooks, here):
    with instrument.tally(here) as tally:
        requests.get(web.url + "/moved", timeout=5)
        httpx.get(web.url + "/moved", follow_redirects=True)

    assert totals(tally)[0] == len(web.requests) == 4


def test_each_retry_of_urllib3_under_requests_is_a_call_and_none_is_counted_twice(web, hooks, here):
    web.failures = 2
    with requests.Session() as session:
        retry = urllib3.Retry(total=3, status_forcelist=[503], backoff_factor=0)
        session.mount("http://", requests.adapters.HTTPAdapter(max_retries=retry))
        with instrument.tally(here) as tally:
            session.get(web.url + "/flaky")

    assert totals(tally) == (3, web.received_bytes)


def test_a_transport_without_network_is_no_call(hooks, here):
    transport = httpx.MockTransport(lambda request: httpx.Response(200))

    with instrument.tally(here) as tally, httpx.Client(transport=transport) as client:
        client.get("http://example.invalid/")

    assert tally.lines == {}


def test_calls_gathered_in_tasks_are_all_counted(web, hooks, here):
    async def work():
        async with aiohttp.ClientSession() as session, httpx.AsyncClient() as client:
            await asyncio.gather(*(client.get(web.url) for _ in range(5)), *(_get(session, web.url) for _ in range(5)))

    with instrument.tally(here) as tally:
        asyncio.run(work())

    assert totals(tally) == (10, web.received_bytes)


async def _get(session, url):
    async with session.get(url) as answer:
        await answer.read()


def test_a_connection_that_is_refused_raises_what_it_raises(hooks, here, peers):
    url = f"http://127.0.0.1:{peers.free_port()}/"

    with instrument.tally(here):
        with pytest.raises(requests.ConnectionError):
            requests.get(url, timeout=5)
        with pytest.raises(httpx.ConnectError):
            httpx.get(url)


def get_with_http_client(url, headers):
    connection = http.client.HTTPConnection(url.removeprefix("http://"))
    connection.request("GET", "/a", headers=headers)
    connection.getresponse().read()
    connection.close()


def get_with_urllib3(url, headers):
    with urllib3.PoolManager() as pool:
        pool.request("GET", url + "/a", headers=headers)


def get_with_aiohttp(url, headers):
    async def work():
        async with aiohttp.ClientSession(headers=headers) as session, session.get(url + "/a") as answer:
            await answer.read()

    asyncio.run(work())


def get_with_httpx_async(url, headers):
    async def work():
        async with httpx.AsyncClient(headers=headers) as client:
            await client.get(url + "/a")

    asyncio.run(work())


GETTERS = [
    get_with_http_client,
    get_with_aiohttp,
    get_with_httpx_async,
    lambda url, headers: requests.get(url + "/a", headers=headers, timeout=5),
    get_with_urllib3,
    lambda url, headers: httpx.get(url + "/a", headers=headers),
    lambda url, headers: httpx2.get(url + "/a", headers=headers),
]
NAMES = ["http.client", "aiohttp", "httpx async", "requests", "urllib3", "httpx", "httpx2"]
TENANTS = [
    ("a foreign host", False, "a=1,tenant.id=acme, b=2", "a=1, b=2"),
    ("a foreign host, nothing else", False, "tenant.id=acme", None),
    ("a foreign host, nothing to take out", False, "a=1,b=2", "a=1,b=2"),
    ("a host of the user's own", True, "a=1,tenant.id=acme", "a=1,tenant.id=acme"),
]


@pytest.fixture
def tenant_of(hooks):
    """Configures who may learn the tenant, and lets somebody count, as a running service does."""

    def configure(*, is_internal_trusted):
        tenant.configure(tenant.Tenant(header="x-tenant", internal=is_internal_trusted))

    yield configure
    tenant.configure(None)


@pytest.mark.parametrize("get", GETTERS, ids=NAMES)
@pytest.mark.parametrize(("claim", "is_trusted", "sent", "received"), TENANTS, ids=[row[0] for row in TENANTS])
def test_the_tenant_is_kept_from_foreign_hosts(web, tenant_of, here, get, claim, is_trusted, sent, received):
    tenant_of(is_internal_trusted=is_trusted)
    headers = {"baggage": sent}

    with instrument.tally(here):
        get(web.url, headers)

    assert web.baggage == [received]
    assert headers == {"baggage": sent}


@pytest.mark.parametrize("get", GETTERS, ids=NAMES)
def test_without_hooks_the_tenant_would_have_been_told(web, here, get):
    """Negative control."""
    tenant.configure(tenant.Tenant(header="x-tenant", internal=False))

    with instrument.tally(here):
        get(web.url, {"baggage": "tenant.id=acme"})
    tenant.configure(None)

    assert web.baggage == ["tenant.id=acme"]


@pytest.mark.parametrize("is_ours_first", [True, False], ids=["ours first", "theirs first"])
def test_a_tenant_that_opentelemetry_adds_below_us_is_kept_from_foreign_hosts_too(web, here, is_ours_first):
    tenant.configure(tenant.Tenant(header="x-tenant", internal=False))
    theirs = HTTPXClientInstrumentor()
    steps = [instrument.install, theirs.instrument]
    for step in steps if is_ours_first else reversed(steps):
        step()
    token = context.attach(baggage.set_baggage("tenant.id", "acme", baggage.set_baggage("a", "1")))

    with instrument.tally(here):
        httpx.get(web.url + "/a")
        get_with_httpx_async(web.url, {})
    context.detach(token)
    theirs.uninstrument()
    instrument.uninstall()
    tenant.configure(None)

    assert web.baggage == ["a=1", "a=1"]


def test_traffic_within_the_zone_is_told_apart(web, hooks, here):
    with instrument.tally(here) as tally:
        for client in CLIENTS:
            client(web.url, BODY)

    assert {dict(labels).get("destination") for _, _, labels in tally.lines} == {"intra-zone"}

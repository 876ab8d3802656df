"""What the ASGI side counts of each kind of message, and that the application does not notice."""

# ruff: file-ignore[unused-async] - ASGI awaits every function

import asyncio
import os
from contextlib import contextmanager

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route

from codeops.instrument import guard, tenant
from codeops.instrument.ingress import Asgi, Wsgi, asgi
from codeops.instrument.tenant import Tenant

HEAD = len("HTTP/1.1 200 OK\r\n\r\n")
START = {"type": "http.response.start", "status": 200, "headers": []}


def scope(**others):
    return {"type": "http", "method": "GET", "path": "/", "headers": [], "client": ("10.0.0.1", 1), **others}


async def nothing():
    return {"type": "http.request", "body": b"", "more_body": False}


def answer(app, given=None):
    """What the application sent, as a server would have received it."""
    sent = []

    async def send(message):
        sent.append(message)

    asyncio.run(app(scope() if given is None else given, nothing, send))
    return sent


def sending(*messages):
    async def app(_scope, _receive, send):
        for message in messages:
            await send(message)

    return Asgi(app)


def body(data, *, more=False):
    return {"type": "http.response.body", "body": data, "more_body": more}


@pytest.mark.parametrize(
    ("messages", "size"),
    [
        ([START, body(b"abc")], HEAD + 3),
        ([START, {"type": "http.response.body"}], HEAD),  # a body may be left out
        ([START, body(b"a", more=True), body(b"bc", more=True), body(b"")], HEAD + 3),
        ([{**START, "headers": [(b"a", b"bc"), [b"d", b""]]}, body(b"")], HEAD + 7 + 5),
        ([{"type": "http.response.start", "status": 299}, body(b"")], HEAD - len("OK")),  # no phrase is known
        ([{"type": "http.response.start", "status": 204}, body(b"x")], HEAD + len("No Content") - 2),
        ([{**START, "trailers": True}, body(b"ab"), {"type": "http.response.trailers", "headers": [(b"x", b"y")]}], HEAD + 2 + 6),
        ([START, body(memoryview(b"abc"))], HEAD + 3),
    ],
)
def test_head_body_and_trailers_are_counted(counted, messages, size):
    sent = answer(sending(*messages))

    assert counted.bytes == size
    assert sent == messages


def test_files_that_the_server_sends_are_counted_by_their_size(counted, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(bytes(1000))
    with path.open("rb") as file:
        os.lseek(file.fileno(), 100, os.SEEK_SET)
        for message, size in (
            ({"type": "http.response.pathsend", "path": str(path)}, 1000),
            ({"type": "http.response.zerocopysend", "file": file}, 900),
            ({"type": "http.response.zerocopysend", "file": file, "offset": 300}, 700),
            ({"type": "http.response.zerocopysend", "file": file, "offset": 300, "count": 5}, 5),
        ):
            counted.bytes = 0

            answer(sending(START, message))

            assert counted.bytes == HEAD + size
        assert os.lseek(file.fileno(), 0, os.SEEK_CUR) == 100


def test_what_a_websocket_sends_is_counted(counted):
    messages = [
        {"type": "websocket.accept"},
        {"type": "websocket.send", "text": "grüße"},
        {"type": "websocket.send", "bytes": b"abc", "text": None},
        {"type": "websocket.send", "bytes": None, "text": "ab"},
        {"type": "websocket.close"},
    ]

    answer(sending(*messages), scope(type="websocket"))

    assert counted.bytes == 7 + 3 + 2


def test_a_websocket_that_is_refused_is_answered_like_a_request(counted):
    messages = [
        {"type": "websocket.http.response.start", "status": 403, "headers": []},
        {"type": "websocket.http.response.body", "body": b"no"},
    ]

    answer(sending(*messages), scope(type="websocket"))

    assert counted.bytes == HEAD - len("OK") + len("Forbidden") + 2


def test_headers_from_an_iterator_reach_the_server(counted):
    headers = [(b"a", b"b")]

    sent = answer(sending({**START, "headers": iter(headers)}, body(b"")))

    assert sent[0]["headers"] == headers
    assert counted.bytes == HEAD + 6


def test_what_could_not_be_sent_is_not_counted(counted):
    async def app(_scope, _receive, send):
        await send(START)
        await send(body(b"abc", more=True))
        await send(body(b"lost"))

    async def send(message):
        if message.get("body") == b"lost":
            raise ConnectionError

    with pytest.raises(ConnectionError):
        asyncio.run(Asgi(app)(scope(), nothing, send))

    assert counted.bytes == HEAD + 3


def test_a_server_may_answer_with_any_awaitable(counted):
    """Servers that are not written in Python give futures, and may refuse before there is anything to await."""
    taken = []

    def send(message):
        if message.get("body") == b"refused":
            raise ConnectionError
        taken.append(message)
        done = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    async def app(_scope, _receive, send):
        for message in (START, body(b"abc", more=True), body(b"refused")):
            await send(message)

    with pytest.raises(ConnectionError):
        asyncio.run(_called(Asgi(app), send))

    assert taken == [START, body(b"abc", more=True)]
    assert counted.bytes == HEAD + 3


async def _called(app, send):
    await app(scope(), nothing, send)


def test_the_application_waits_for_a_slow_client(counted):
    order = []

    async def app(_scope, _receive, send):
        await send(START)
        await send(body(b"a", more=True))
        order.append("application goes on")
        await send(body(b"b"))

    async def main():
        gate = asyncio.Event()

        async def send(message):
            if message.get("body") == b"a":
                await gate.wait()

        task = asyncio.ensure_future(Asgi(app)(scope(), nothing, send))
        await asyncio.sleep(0.01)
        order.append("client reads")
        gate.set()
        await task

    asyncio.run(main())

    assert order == ["client reads", "application goes on"]


def test_exceptions_and_cancellation_pass_unchanged(counted):
    raised = [ValueError("x"), KeyboardInterrupt(), asyncio.CancelledError()]
    for error in raised:

        async def app(_scope, _receive, _send, error=error):
            raise error

        async def main(app=app, error=error):
            with pytest.raises(type(error)) as caught:
                await Asgi(app)(scope(), nothing, nothing)
            assert caught.value is error
            assert asgi.delivering.get() is None

        asyncio.run(main())


def test_lifespan_passes_untouched(counted):
    seen = []

    async def app(given, receive, send):
        seen.append((given, receive, send))

    given = {"type": "lifespan"}

    async def send(_message): ...

    asyncio.run(Asgi(app)(given, nothing, send))

    assert seen[0][0] is given
    assert list(given) == ["type"]
    assert seen[0][1:] == (nothing, send)


def test_a_fault_of_ours_does_not_reach_the_application(counted, monkeypatch):
    monkeypatch.setattr(guard, "strict", False)
    monkeypatch.setattr(guard, "_causes", set())
    monkeypatch.setattr(guard, "problems", [])
    counted.add = counted.label = lambda *_: 1 / 0
    tenant.configure(Tenant(call=lambda _: 1 / 0, required=True))

    sent = answer(sending({**START, "headers": None}, body(b"abc")), scope(client="broken"))

    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert guard.problems


# one response is counted once


def _starlette(*routes):
    return Starlette(routes=list(routes))


async def _hello(_request):
    return PlainTextResponse("hello")


def test_applications_within_applications_are_counted_once(counted):
    def flat(environ, start_response):
        start_response("200 OK", [("x", "y")])
        return [b"hello"]

    async def bridge(_scope, _receive, send):
        """As bridges from ASGI to WSGI do: in a thread, with the context copied into it."""
        started = []
        parts = await asyncio.to_thread(Wsgi(flat), {"REMOTE_ADDR": "10.0.0.1"}, lambda *given: started.append(given))
        await send({**START, "headers": [(name.encode(), value.encode()) for name, value in started[0][1]]})
        await send(body(b"".join(parts)))

    inner = Asgi(_starlette(Route("/", _hello)))
    for mounted in (inner, bridge):
        counted.bytes = 0

        sent = answer(
            Asgi(_starlette(Mount("/in", mounted))),
            scope(path="/in/", query_string=b"", root_path="", server=("h", 80), scheme="http", http_version="1.1"),
        )

        head = sum(len(name) + len(value) + 4 for name, value in sent[0]["headers"])
        assert counted.bytes == HEAD + head + 5


def test_without_stepping_aside_they_would_be_counted_twice(counted, monkeypatch):
    """Negative control of the one above."""
    app = Asgi(Asgi(_starlette(Route("/", _hello))))
    answer(app, scope(path="/"))
    once, counted.bytes = counted.bytes, 0

    with _forgetful(monkeypatch):
        answer(app, scope(path="/"))

    assert counted.bytes == 2 * once


@contextmanager
def _forgetful(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(asgi, "MARK", object())
        real = asgi.arrived

        def arrived(given):
            given.pop(asgi.MARK, None)
            asgi.delivering.set(None)
            return real(given)

        patch.setattr(asgi, "arrived", arrived)
        yield


def test_an_answer_within_the_process_is_no_traffic(counted):
    """A request that the application makes of another one in the same process, as tests and gateways do, leaves no host."""
    inner = sending(START, body(bytes(1000)))

    async def app(given, receive, send):
        async def swallow(_message): ...

        await inner(scope(), nothing, swallow)
        await send(START)
        await send(body(b"abc"))

    answer(Asgi(app))

    assert counted.bytes == HEAD + 3


def test_the_next_request_of_a_connection_is_counted_although_it_inherits_the_context(counted):
    """A server may begin with it while it sends the last message of the request before: so does uvicorn for pipelined ones."""
    app = sending(START, body(b"abc"))
    tenants = []

    async def main():
        following = []

        async def send(message):
            tenants.append(tenant.current())
            if message["type"] == "http.response.body" and not following:
                following.append(asyncio.ensure_future(app(scope(), nothing, send)))

        await app(scope(headers=[(b"x-tenant", b"acme")]), nothing, send)
        await following[0]

    tenant.configure(Tenant(header="x-tenant"))
    asyncio.run(main())

    assert counted.bytes == 2 * (HEAD + 3)
    assert tenants == ["acme", "acme", None, None]


# labels


@pytest.mark.parametrize(
    ("client", "headers", "destination"),
    [
        (("8.8.8.8", 1), [], None),
        (("10.0.0.1", 1), [], "intra-zone"),
        (("10.0.0.1", 1), [(b"x-forwarded-for", b"8.8.8.8")], None),
        (("10.0.0.1", 1), [(b"x-forwarded-for", b"10.0.0.2"), (b"x-forwarded-for", b"8.8.8.8")], None),  # a header in two lines
        (("10.0.0.1", 1), [(b"forwarded", b"for=10.0.0.9;proto=http")], "intra-zone"),
        (("8.8.8.8", 1), [(b"x-forwarded-for", b"10.0.0.1")], None),  # what a client says of itself does not help it
        (None, [], None),  # a Unix socket, and nobody says for whom
        (None, [(b"x-forwarded-for", b"10.0.0.2")], "intra-zone"),
    ],
)
def test_the_destination_is_the_clients(counted, client, headers, destination):
    answer(sending(START, body(b"")), scope(client=client, headers=headers))

    assert counted.destinations == {destination}


def test_the_template_of_a_mounted_route_has_its_prefix_with_names_for_values(counted):
    async def shown(request):
        return Response(request.path_params["id"])

    app = Asgi(_starlette(Mount("/shops/{shop}", routes=[Route("/items/{id}", shown)])))

    answer(app, scope(path="/v1/shops/7/items/8", root_path="/v1"))

    assert counted.noted == [("http.route", "/shops/{shop}/items/{id}")]


def test_the_tenant_is_known_within_and_forgotten_after(counted):
    seen = []

    async def app(_scope, _receive, _send):
        seen.append(tenant.current())

    tenant.configure(Tenant(header="X-Tenant"))

    async def main():
        await Asgi(app)(scope(headers=[(b"x-tenant", b"acme")]), nothing, nothing)
        seen.append(tenant.current())

    asyncio.run(main())

    assert seen == ["acme", None]
    assert counted.noted == [("tenant.id", "acme")]

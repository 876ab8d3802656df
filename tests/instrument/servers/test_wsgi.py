"""What the WSGI side counts of each way to answer, and that neither application nor server notices."""

import copy
import io
import pickle
from collections.abc import Iterator
from wsgiref.util import FileWrapper
from wsgiref.validate import validator

import pytest

from codeops.instrument import guard, tenant
from codeops.instrument.ingress import Wsgi
from codeops.instrument.ingress.delivery import SOON_BYTES
from codeops.instrument.tenant import Tenant

HEAD = len("HTTP/1.1 200 OK\r\n\r\n")


class Server:
    """Takes a response as PEP 3333 demands, and keeps what it was given."""

    def __init__(self, app, **environ) -> None:
        self.environ = {"REQUEST_METHOD": "GET", "REMOTE_ADDR": "10.0.0.1", **environ}
        self.written, self.started = [], []
        self.result = app(self.environ, self.start)

    def start(self, status, headers, exc_info=None):
        self.started.append((status, headers, exc_info))
        return self.written.append

    def finish(self):
        for chunk in self.result:
            self.written.append(chunk)
        if hasattr(self.result, "close"):
            self.result.close()
        return b"".join(self.written)


def answering(result, *, headers=(), status="200 OK"):
    def app(_environ, start_response):
        start_response(status, list(headers))
        return result

    return Wsgi(app)


class Parts:
    """An iterable with a close, as frameworks return."""

    def __init__(self, *parts) -> None:
        self._parts, self.closed = parts, 0

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._parts)

    def close(self):
        self.closed += 1


@pytest.mark.parametrize("make", [lambda: [b"ab", b"c"], lambda: (b"abc",), lambda: Parts(b"ab", b"c"), lambda: iter([b"", b"abc"])])
def test_head_and_body_are_counted(counted, make):
    server = Server(answering(make(), headers=[("a", "bc")]))

    assert server.finish() == b"abc"
    assert counted.bytes == HEAD + len("a: bc\r\n") + 3


def test_a_list_stays_the_list_that_it_is(counted):
    """A server asks for its length, and declares that of a single part."""
    result = [b"abc"]

    assert Server(answering(result)).result is result


def test_an_iterable_with_a_length_keeps_it(counted):
    class Sized(Parts):
        def __len__(self) -> int:
            return 2

    assert len(Server(answering(Sized(b"a", b"b"))).result) == 2
    assert not hasattr(Server(answering(Parts(b"a"))).result, "__len__")


def test_the_application_returned_is_closed_once_also_when_it_fails(counted):
    class Failing(Parts):
        def close(self):
            super().close()
            raise OSError("on purpose")

    result = Failing(b"a")
    server = Server(answering(result))
    list(server.result)

    with pytest.raises(OSError, match="on purpose"):
        server.result.close()

    assert result.closed == 1
    assert tenant.current() is None


def test_a_generator_is_closed_where_the_server_stops(counted):
    seen = []

    def stream():
        try:
            yield b"abc"
            yield b"never asked for"
        finally:
            seen.append("closed")

    server = Server(answering(stream()))
    assert next(iter(server.result)) == b"abc"
    server.result.close()

    assert seen == ["closed"]
    assert counted.bytes == HEAD + 3


def test_middleware_may_take_the_first_part_before_the_server_takes_the_rest(counted):
    """Some call `next` on the response itself, since that of their framework is an iterator."""
    server = Server(answering(Parts(b"ab", b"c")))

    first = next(server.result)

    assert (first, server.finish()) == (b"ab", b"c")
    assert counted.bytes == HEAD + 3


def test_a_generator_that_is_the_application_starts_when_it_is_asked(counted):
    def app(_environ, start_response):
        start_response("200 OK", [])
        yield b"abc"

    server = Server(Wsgi(app))
    assert server.started == []

    assert server.finish() == b"abc"
    assert counted.bytes == HEAD + 3


def test_what_is_written_past_the_iterable_is_counted(counted):
    def app(_environ, start_response):
        write = start_response("200 OK", [])
        write(b"abc")
        return [b"d"]

    assert Server(Wsgi(app)).finish() == b"abcd"
    assert counted.bytes == HEAD + 4


def test_of_two_heads_the_one_that_is_sent_is_counted(counted):
    def app(_environ, start_response):
        start_response("200 OK", [("a", "b")])
        start_response("500 Internal Server Error", [], (ValueError, ValueError(), None))
        return [b"abc"]

    server = Server(Wsgi(app))

    assert server.finish() == b"abc"
    assert server.started[1][2][0] is ValueError
    assert counted.bytes == len("HTTP/1.1 500 Internal Server Error\r\n\r\n") + 3


@pytest.mark.parametrize(("method", "status"), [("HEAD", "200 OK"), ("GET", "204 No Content"), ("GET", "304 Not Modified"), ("GET", "304")])
def test_a_body_that_no_server_sends_is_not_counted(counted, method, status):
    Server(answering([b"abc"], status=status, headers=[("Content-Length", "3")]), REQUEST_METHOD=method).finish()

    assert counted.bytes == len(f"HTTP/1.1 {status[:3]} {status[4:]}\r\n\r\n") + len("Content-Length: 3\r\n")


@pytest.mark.parametrize(
    ("length", "at_head"),
    [
        (3, 3),
        (SOON_BYTES, SOON_BYTES),  # the longest that is counted with its head
        (SOON_BYTES + 1, 0),  # a client may go away before its end
        (0, 0),
    ],
)
def test_a_short_body_of_known_length_is_counted_with_the_head_and_only_once(counted, length, at_head):
    declared = [("content-length", str(length))]
    head = HEAD + len(f"content-length: {length}\r\n")
    half = length // 2

    server = Server(answering(Parts(bytes(half), bytes(length - half)), headers=declared))

    assert counted.bytes == head + at_head
    server.finish()
    assert counted.bytes == head + length


def test_a_body_longer_than_declared_is_counted_as_it_is_handed_over(counted):
    Server(answering(Parts(b"abc", b"defg"), headers=[("content-length", "3")])).finish()

    assert counted.bytes == HEAD + len("content-length: 3\r\n") + 7


def test_exceptions_pass_unchanged_and_end_the_request(counted):
    error = ValueError("on purpose")

    def failing(_environ, _start_response):
        raise error

    def failing_later(_environ, start_response):
        start_response("200 OK", [])
        yield b"a"
        raise error

    tenant.configure(Tenant(call=lambda _: "acme"))
    with pytest.raises(ValueError) as caught:
        Server(Wsgi(failing))
    assert caught.value is error
    assert tenant.current() is None

    server = Server(Wsgi(failing_later))
    with pytest.raises(ValueError) as caught:
        server.finish()
    assert caught.value is error
    server.result.close()
    assert tenant.current() is None


def test_the_tenant_is_known_until_the_response_is_closed(counted):
    seen = []

    def stream():
        seen.append(tenant.current())
        yield b"a"

    tenant.configure(Tenant(header="x-tenant"))
    server = Server(answering(stream()), HTTP_X_TENANT="acme")

    server.finish()

    assert seen == ["acme"]
    assert tenant.current() is None
    assert counted.noted == [("tenant.id", "acme")]


def test_an_environ_in_which_it_stands_can_be_copied_and_pickled(counted):
    server = Server(answering([b"abc"]))

    for copied in (copy.deepcopy(server.environ), copy.copy(server.environ), pickle.loads(pickle.dumps(server.environ))):
        Server(answering([b"abc"]), **copied)

    assert counted.bytes == HEAD + 3, "a copy belongs to the same request"


def test_it_keeps_to_the_letter_of_the_specification(counted):
    """wsgiref's validator checks both sides of the middleware."""

    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"abc"]

    environ = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/",
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "wsgi.version": (1, 0),
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.url_scheme": "http",
    }
    written = []

    result = validator(Wsgi(validator(app)))(environ, lambda *_: written.append)
    parts = list(result)
    result.close()

    assert parts == [b"abc"]
    assert counted.bytes == HEAD + len("Content-Type: text/plain\r\n") + 3


def test_a_fault_of_ours_does_not_reach_the_application(counted, monkeypatch):
    monkeypatch.setattr(guard, "strict", False)
    monkeypatch.setattr(guard, "_causes", set())
    monkeypatch.setattr(guard, "problems", [])
    counted.add = counted.label = lambda *_: 1 / 0
    tenant.configure(Tenant(call=lambda _: 1 / 0, required=True))

    for result in ([b"abc"], Parts(b"abc")):
        assert Server(answering(result, status="nonsense"), REMOTE_ADDR=7).finish() == b"abc"

    assert guard.problems


# files that the server sends by itself


class Plain:
    """A file without a descriptor and without a position."""

    def __init__(self, data) -> None:
        self.read = io.BytesIO(data).read


def wrapping(file, **options):
    def app(environ, start_response):
        start_response("200 OK", [(name.replace("_", "-"), value) for name, value in options.items()])
        return environ["wsgi.file_wrapper"](file, 8192)

    return Wsgi(app)


def test_a_file_wrapper_of_a_class_is_handed_over_as_it_is_and_counted_by_the_files_size(counted, tmp_path):
    """As gunicorn, wsgiref and waitress have it: they know it by its class, and send the file without reading it here."""
    path = tmp_path / "file"
    path.write_bytes(bytes(1000))
    with path.open("rb", buffering=0) as file:
        file.read(100)

        server = Server(wrapping(file), **{"wsgi.file_wrapper": FileWrapper})

        assert type(server.result) is FileWrapper
        assert server.environ["wsgi.file_wrapper"] is FileWrapper
        assert counted.bytes == HEAD + 900
        assert file.tell() == 100


def test_a_file_wrapper_of_a_function_is_handed_over_as_it_is(counted):
    """As uWSGI and mod_wsgi have it: they know it by being the very object that they made."""
    made = []

    def wrapper(file, size):
        made.append(FileWrapper(file, size))
        return made[0]

    server = Server(wrapping(io.BytesIO(bytes(50))), **{"wsgi.file_wrapper": wrapper})

    assert server.result is made[0]
    assert counted.bytes == HEAD + 50


def test_a_declared_length_goes_before_the_files_size(counted):
    """A part of a file, as in an answer to a range."""
    Server(wrapping(io.BytesIO(bytes(50)), content_length="7"), **{"wsgi.file_wrapper": FileWrapper})

    assert counted.bytes == HEAD + len("content-length: 7\r\n") + 7


def test_a_file_without_a_size_is_counted_while_it_is_read(counted):
    server = Server(wrapping(Plain(bytes(50))), **{"wsgi.file_wrapper": FileWrapper})

    assert len(server.finish()) == 50
    assert counted.bytes == HEAD + 50

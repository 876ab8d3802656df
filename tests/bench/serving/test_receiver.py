"""The endpoint for spans takes them as exporters send them, and says what it could not read."""

import gzip
import http.client
import json
from collections.abc import Generator

import pytest

from codeops.bench.serving.receiver import Receiver

TRACE, ASKED = "a" * 32, "b" * 16
SPAN = {"traceId": TRACE, "spanId": "c" * 16, "parentSpanId": ASKED, "name": "GET /", "kind": 2}
BODY = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [SPAN]}]}]}).encode()


@pytest.fixture
def receiver() -> Generator[Receiver]:
    one = Receiver()
    one.expect([TRACE])
    yield one
    one.close()


def post(receiver: Receiver, body: object, path: str = "/v1/traces", **headers: str) -> int:
    host, port = receiver.endpoint.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=5)
    given = {"Content-Type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
    try:
        connection.request("POST", path, body, given, encode_chunked="Transfer-Encoding" in given)
        return connection.getresponse().status
    finally:
        connection.close()


def collected(receiver: Receiver) -> list[str]:
    return [span.id for span in receiver.collect({TRACE: ASKED}, patience_s=2, quiet_s=0)[TRACE]]


def test_a_plain_body_is_taken(receiver):
    assert post(receiver, BODY) == 200
    assert collected(receiver) == ["c" * 16]


def test_a_body_that_is_gzipped_is_taken(receiver):
    assert post(receiver, gzip.compress(BODY), Content_Encoding="gzip") == 200
    assert collected(receiver) == ["c" * 16]


def test_a_body_in_chunks_is_taken(receiver):
    pieces = iter([BODY[:20], BODY[20:]])

    assert post(receiver, pieces, Transfer_Encoding="chunked") == 200
    assert collected(receiver) == ["c" * 16]


def test_metrics_are_answered_and_not_read(receiver):
    assert post(receiver, b"anything", "/v1/metrics") == 200
    assert receiver.problems == []


@pytest.mark.parametrize(("body", "headers"), [(b"{", {}), (b"no gzip", {"Content_Encoding": "gzip"}), (b"[1]", {})])
def test_a_body_that_cannot_be_read_is_refused_and_noted_and_the_next_one_is_taken(receiver, body, headers):
    assert post(receiver, body, **headers) == 400
    assert len(receiver.problems) == 1
    assert receiver.problems[0].startswith("/v1/traces: ")

    assert post(receiver, BODY) == 200
    assert collected(receiver) == ["c" * 16]


def test_spans_of_other_traces_are_counted_only(receiver):
    assert post(receiver, BODY.replace(TRACE.encode(), b"d" * 32)) == 200

    assert receiver.others == 1
    assert receiver.collect({TRACE: ASKED}, patience_s=0.1, quiet_s=0) == {TRACE: []}

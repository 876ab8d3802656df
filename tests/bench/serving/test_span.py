"""Spans as OpenTelemetry's own exporter writes them are read as they were."""

import json

import pytest
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanKind, set_span_in_context

from codeops.bench.serving.span import CLIENT, parse_json, parse_protobuf

GIVEN = {"a": "text", "b": True, "c": -3, "d": 0.25, "e": ("x", "y")}


def test_protocol_buffers_of_the_sdks_exporter_are_read():
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("test")
    above = tracer.start_span("above", kind=SpanKind.SERVER)
    below = tracer.start_span("below", set_span_in_context(above), kind=SpanKind.CLIENT, attributes=GIVEN)
    below.end()
    above.end()

    first, second = parse_protobuf(encode_spans([above, below]).SerializeToString())

    context = below.get_span_context()
    assert (second.trace, second.id, second.parent) == (f"{context.trace_id:032x}", f"{context.span_id:016x}", first.id)
    assert (second.name, second.kind, first.parent) == ("below", CLIENT, "")
    assert second.attributes == {**GIVEN, "e": ["x", "y"]}


def test_json_is_read_with_its_numbers_as_text():
    span = {"traceId": "AB", "spanId": "CD", "kind": "SPAN_KIND_CLIENT", "attributes": [{"key": "n", "value": {"intValue": "7"}}]}

    (found,) = parse_json(json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).encode())

    assert (found.trace, found.id, found.parent, found.kind, found.attributes) == ("ab", "cd", "", CLIENT, {"n": 7})


@pytest.mark.parametrize("body", [b"\x0a\xff", b"\xff" * 12, b"\x0b"])
def test_what_is_no_message_is_refused(body):
    with pytest.raises(ValueError, match=r"."):
        parse_protobuf(body)


def test_what_is_no_json_is_refused():
    with pytest.raises(ValueError, match=r"."):
        parse_json(b"[]")

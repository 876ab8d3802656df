"""What spans say was consumed, by OpenTelemetry's conventions, old and new."""

import json

import pytest

from codeops.bench.serving.conventions import count
from codeops.bench.serving.span import CLIENT, Span
from codeops.instrument.recorder import Tally

CAPACITY = json.dumps({"TableName": "orders", "CapacityUnits": 1.5})


def counted(*spans: Span) -> dict[str, dict[str, object]]:
    """The amounts by meter, and the labels."""
    tally = Tally("/project")
    count(list(spans), "asked", tally)
    return {meter: {"amount": amount, **dict(labels)} for (meter, _, labels), amount in tally.lines.items()}


def client(**attributes: object) -> Span:
    given = {name.replace("__", "."): value for name, value in attributes.items()}
    return Span(trace="t", id="1", parent="served", kind=CLIENT, attributes=given)


@pytest.mark.parametrize(
    ("span", "usage"),
    [
        (
            client(gen_ai__response__model="gpt-5-mini", gen_ai__usage__input_tokens=120, gen_ai__usage__output_tokens=30),
            {"llm.input": {"amount": 120, "model": "gpt-5-mini"}, "llm.output": {"amount": 30, "model": "gpt-5-mini"}},
        ),
        (client(db__system__name="redis", db__operation__name="hget"), {"redis.command": {"amount": 1, "operation": "HGET"}}),
        (client(db__system="redis", db__statement="SET key ?"), {"redis.command": {"amount": 1, "operation": "SET"}}),
        (client(db__system__name="postgresql", db__query__text="SELECT 1"), {"db.query": {"amount": 1}}),
        (client(db__system="mysql", db__statement="SELECT 1"), {"db.query": {"amount": 1}}),
        (client(db__system__name="postgresql", db__operation__name="INSERT", db__operation__batch__size=7), {"db.query": {"amount": 7}}),
        (client(db__system__name="postgresql"), {}),
        (client(rpc__system="aws-api", rpc__service="S3", rpc__method="GetObject"), {"aws.s3.get": {"amount": 1}}),
        (client(rpc__system__name="aws-api", rpc__method="S3/ListObjectsV2"), {"aws.s3.list": {"amount": 1}}),
        (client(http__request__method="GET", server__address="10.0.0.7"), {"http.call": {"amount": 1}}),
    ],
)
def test_each_convention_has_its_meter(span, usage):
    found = counted(span)

    assert {meter: {name: found[meter].get(name) for name in told} for meter, told in usage.items()} == usage
    assert found.keys() == usage.keys()


def test_a_use_is_placed_at_the_line_above_it_or_else_in_the_span_s_own_name():
    named = {"code.file.path": "/project/app.py", "code.line.number": 7, "code.function.name": "load"}
    spans = [
        Span(trace="t", id="1", parent="asked", name="GET /"),
        Span(trace="t", id="2", parent="1", name="load basket"),
        Span(trace="t", id="3", parent="2", name="SELECT shop", kind=CLIENT, attributes={"db.system.name": "x", "db.query.text": "?"}),
        Span(trace="t", id="4", parent="1", name="price", attributes=named),
        Span(trace="t", id="5", parent="4", name="GET", kind=CLIENT, attributes={"http.request.method": "GET", "server.address": "a.test"}),
        Span(trace="t", id="6", parent="1", kind=CLIENT, attributes={"db.system.name": "redis", "db.operation.name": "GET"}),
    ]
    tally = Tally("/project")

    count(spans, "asked", tally)

    assert {line[0]: list(sites) for line, sites in tally.sites.items()} == {
        "db.query": [("", 0, "load basket > SELECT shop")],
        "http.call": [("app.py", 7, "load")],
    }


@pytest.mark.parametrize("entries", [[CAPACITY], CAPACITY])
def test_the_capacity_that_dynamodb_consumed_is_counted(entries):
    span = client(rpc__system="aws-api", rpc__service="DynamoDB", rpc__method="GetItem", aws__dynamodb__consumed_capacity=entries)

    assert any(float(str(line["amount"])) == pytest.approx(1.5) for line in counted(span).values())


def test_what_our_own_attributes_say_goes_before_the_conventions():
    span = client(cost__usage__db__query=3, db__system__name="postgresql", db__query__text="SELECT 1")

    assert counted(span) == {"db.query": {"amount": 3}}


def test_the_http_request_that_carries_a_counted_call_is_not_counted_again():
    above = Span(trace="t", id="2", parent="served", kind=CLIENT, attributes={"gen_ai.usage.input_tokens": 5})
    below = Span(trace="t", id="3", parent="2", kind=CLIENT, attributes={"http.request.method": "POST", "server.address": "api.test"})

    assert counted(above, below).keys() == {"llm.input"}

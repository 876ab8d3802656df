"""What a span says was consumed: `cost.usage.*` as our SDKs write it, else what OpenTelemetry's conventions tell.

| attribute | meter |
|---|---|
| `cost.usage.<meter>` | that meter; CPU and memory are the process's affair, and measured there |
| `gen_ai.usage.*` | `llm.*` |
| `rpc.system` = `aws-api` with `rpc.service` and `rpc.method` | as calls of botocore are counted |
| `db.query.text`, `db.operation.name` or their old names | `db.query`, Redis `redis.command` |
| `http.request.method` on a client's span | `http.call`, and `network.egress` for `http.request.body.size` |

The span of an HTTP request below one of AWS or of a model is the transport of a call that is counted already.
Source: OpenTelemetry semantic conventions v1.44.0, read 2026-11-25.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from codeops.bench.serving.span import CLIENT, Span
from codeops.core.attribute import USAGE
from codeops.core.meter import CHILD_CPU, CPU, EGRESS, HTTP_CALL, MEMORY, QUERY, unit_of
from codeops.instrument import callsite, model
from codeops.instrument.callsite import Site
from codeops.instrument.libraries import _aws, _outgoing
from codeops.instrument.recorder import Line, Tally

__all__ = ["count"]

_PROCESS = frozenset({CPU, CHILD_CPU, MEMORY})
_OPERATION = ("db.operation.name", "db.operation")
_STATEMENT = ("db.query.text", "db.statement", *_OPERATION)
_METHOD = ("http.request.method", "http.method")
_FILE = ("code.file.path", "code.filepath")
_LINE = ("code.line.number", "code.lineno")
_FUNCTION = ("code.function.name", "code.function")
_FOREIGN = "node_modules/"

_NAMES = 3

_Use = tuple[Line, int | Decimal]


def count(spans: list[Span], asked: str, tally: Tally) -> None:
    """Counts what the spans of one request consumed; `asked` is the span that asked.

    Where no line of code is known, the place is the span: no file, line 0, and its name for a function.
    What the span that answered says of its own egress is left out: the bytes on the connection are counted.
    """
    known = {span.id: span for span in spans}
    for span in spans:
        site = _site(span, known, tally.root) or _span_site(span, known, asked)
        for line, amount in _uses(span, known.get(span.parent)):
            if not (line[0] == EGRESS and span.parent == asked):
                tally.add(line, amount, site)


def _uses(span: Span, parent: Span | None) -> Iterator[_Use]:
    own = list(_recorded(span.attributes))
    yield from own
    meters = {line[0] for line, _ in own}
    yield from ((line, amount) for line, amount in _told(span, parent) if line[0] not in meters)


def _recorded(given: Mapping[str, Any]) -> Iterator[_Use]:
    for name, value in given.items():
        meter = name.removeprefix(USAGE)
        if meter == name or meter in _PROCESS or isinstance(value, bool) or not isinstance(value, int | float):
            continue
        labels = {}
        if meter.startswith("llm."):
            labels = _labelled("model", _first(given, ("gen_ai.response.model", "gen_ai.request.model")))
        elif meter in {HTTP_CALL, EGRESS} and _host(given):
            labels = _outgoing.labels(_host(given))
        yield _line(meter, labels), value if isinstance(value, int) else Decimal(str(value))


def _told(span: Span, parent: Span | None) -> Iterator[_Use]:
    given = span.attributes
    tokens = model.lines(given)
    if tokens:
        yield from ((line, int(amount)) for line, amount in tokens.items())
    elif _is_aws(given):
        yield from _aws_call(given)
    elif _first(given, ("db.system.name", "db.system")):
        yield from _statements(given)
    elif span.kind == CLIENT and _first(given, _METHOD) and not _is_counted(parent):
        yield from _outgoing_request(given)


def _is_aws(given: Mapping[str, Any]) -> bool:
    return "aws-api" in {given.get("rpc.system"), given.get("rpc.system.name")} and bool(given.get("rpc.method"))


def _is_counted(span: Span | None) -> bool:
    return span is not None and (_is_aws(span.attributes) or bool(model.READ & span.attributes.keys()))


def _aws_call(given: Mapping[str, Any]) -> Iterator[_Use]:
    service, _, operation = f"{given.get('rpc.service', '')}/{given['rpc.method']}".strip("/").rpartition("/")
    capacity = given.get("aws.dynamodb.consumed_capacity") or []
    answer: dict[str, Any] = {}
    with suppress(ValueError, TypeError):
        answer["ConsumedCapacity"] = [json.loads(entry) for entry in ([capacity] if isinstance(capacity, str) else capacity)]
    for meter, amount, unit, labels in _aws.calls(service.rpartition("/")[2].lower(), operation, answer):
        yield (meter, unit, tuple(sorted(labels.items()))), amount


def _statements(given: Mapping[str, Any]) -> Iterator[_Use]:
    if not _first(given, _STATEMENT):
        return  # a connection that is opened, or taken from a pool
    if _first(given, ("db.system.name", "db.system")) == "redis":
        operation = _first(given, _OPERATION) or _first(given, _STATEMENT).partition(" ")[0]
        yield ("redis.command", "{command}", tuple(_labelled("operation", operation.upper()).items())), 1
        return
    batch = given.get("db.operation.batch.size")
    yield _line(QUERY, {}), batch if isinstance(batch, int) and batch > 1 else 1


def _outgoing_request(given: Mapping[str, Any]) -> Iterator[_Use]:
    labels = _outgoing.labels(_host(given))
    yield _line(HTTP_CALL, labels), 1
    size = given.get("http.request.body.size", given.get("http.request_content_length"))
    if isinstance(size, int) and size > 0:
        yield _line(EGRESS, labels), size


def _host(given: Mapping[str, Any]) -> str:
    named = _first(given, ("server.address", "net.peer.name", "http.host"))
    return named.partition(":")[0] or urlsplit(_first(given, ("url.full", "http.url"))).hostname or ""


def _site(span: Span | None, known: Mapping[str, Span], root: str) -> Site | None:
    """The line that a span names, or the nearest span above it that does, of a file of the project's own."""
    passed: set[str] = set()
    while span is not None and span.id not in passed:
        passed.add(span.id)
        file, line = _first(span.attributes, _FILE), next((span.attributes[name] for name in _LINE if name in span.attributes), 0)
        path = callsite.relative(file.removeprefix("file://"), root) if file.startswith(("/", "file:///")) else file
        if path and isinstance(line, int) and line > 0 and _FOREIGN not in path:
            return path, line, _first(span.attributes, _FUNCTION)
        span = known.get(span.parent)
    return None


def _span_site(span: Span, known: Mapping[str, Span], asked: str) -> Site | None:
    """The names of the spans from below the one that answered down to this one, three at most: `load basket > SELECT shop`."""
    names = [span.name]
    parent = known.get(span.parent)
    while parent is not None and parent.parent != asked and len(names) < _NAMES:
        names.append(parent.name)
        parent = known.get(parent.parent)
    return ("", 0, " > ".join(reversed(names))) if span.name else None


def _line(meter: str, labels: Mapping[str, str]) -> Line:
    return meter, unit_of(meter), tuple(sorted(labels.items()))


def _labelled(name: str, value: str) -> dict[str, str]:
    return {name: value} if value else {}


def _first(given: Mapping[str, Any], names: tuple[str, ...]) -> str:
    return next((str(given[name]) for name in names if given.get(name)), "")

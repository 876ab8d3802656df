"""What calls of AWS consume, told by the events that botocore and aiobotocore emit for each attempt, retries included.

The class of an S3 request is the one that AWS bills (`_S3_CLASS`): PUT, COPY, POST and LIST requests are one price
(Requests-Tier1), GET, SELECT and all others another (Requests-Tier2), DELETE and CANCEL are free.
Source: AWS's documentation of its billing and usage reports for Amazon S3, and the request prices of
`prices/data/aws/s3.toml`, 2026-11-23. Each 64 KB of an SQS payload is one request: Amazon SQS FAQ, 2026-11-23;
the same holds for what is published to SNS: Amazon SNS pricing, 2026-11-25.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from codeops.instrument.guard import guarded
from codeops.instrument.libraries import _bedrock
from codeops.instrument.patch import Hooks
from codeops.instrument.recorder import count, current

__all__ = ["METERS", "Listener", "Watch", "calls"]

METERS = {
    "aws.s3.get": ("{request}", "S3 requests of the GET class, with `storage_class` where the answer names one"),
    "aws.s3.put": ("{request}", "S3 requests of the PUT, COPY and POST class, multipart included, with `storage_class` if asked for"),
    "aws.s3.list": ("{request}", "S3 requests that list; S3 bills them like PUT"),
    "aws.s3.delete": ("{request}", "S3 deletes and cancels; free"),
    "aws.s3.upload": ("By", "bodies of S3 requests, before any framing, each attempt counted"),
    "aws.s3.download": ("By", "bodies of S3 answers; a streamed object as it is read, for whom and at the line where it is read"),
    "aws.s3.retrieval": ("By", "downloaded bytes of objects in a `storage_class` that charges for retrieval"),
    "aws.dynamodb.read": ("{request_unit}", "DynamoDB read units, where the call asks for ConsumedCapacity"),
    "aws.dynamodb.write": ("{request_unit}", "DynamoDB write units, where the call asks for ConsumedCapacity"),
    "aws.dynamodb.read_call": ("{request}", "DynamoDB reads whose units are not known, by `operation`"),
    "aws.dynamodb.write_call": ("{request}", "DynamoDB writes whose units are not known, by `operation`"),
    "aws.sqs.request": ("{request}", "SQS requests, one for each 64 KB of payload, by `operation` and `queue_type`"),
    "aws.sns.publish": (
        "{request}",
        "publishes to SNS, one for each 64 KB of payload, by `topic_type`; to a FIFO topic one for each message",
    ),
    "aws.lambda.request": ("{request}", "invocations of Lambda functions"),
    "aws.lambda.control_call": ("{request}", "other requests to Lambda, which are free, by `operation`"),
    **_bedrock.METERS,
    "aws.<service>.request": ("{request}", "requests to any other service, by `operation`"),
}

Watch = Callable[[Any, Callable[[int], None]], None]
"""Makes a streamed body tell how many bytes of it were read, each time some are."""

_S3_CLASS = (
    (("Delete", "Abort"), "aws.s3.delete"),
    (("List",), "aws.s3.list"),
    (("CreateSession",), "aws.s3.get"),
    (("Put", "Copy", "Post", "Create", "Upload", "Complete", "Restore", "Rename", "Update", "Write"), "aws.s3.put"),
    (("",), "aws.s3.get"),
)
"""The meter of an S3 operation by the first word of its name; the first row that fits counts."""

_RETRIEVED = frozenset({"standard-ia", "onezone-ia", "glacier-ir"})
"""Storage classes of objects that can be read at once, for a fee on each byte."""

_DYNAMODB_KIND = {
    **dict.fromkeys(("GetItem", "BatchGetItem", "TransactGetItems", "Query", "Scan"), "read"),
    **dict.fromkeys(("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"), "write"),
}
_CHUNK_BYTES = 64 * 1024
_UNREACHED = frozenset({"EndpointConnectionError", "ConnectTimeoutError", "ProxyConnectionError", "SSLError"})
"""Exceptions of botocore after which nothing was sent."""


class Listener:
    """Counts the calls of one library's clients while its hooks are in place."""

    def __init__(self, hooks: Hooks, watch: Watch, was_refused: Callable[[], bool] = lambda: False) -> None:
        self._hooks, self._watch, self._was_refused = hooks, watch, was_refused

    def listen(self, events: Any) -> None:
        """Listens to the events of a client; once, however often asked."""
        events.register_last("provide-client-params", self._before_call, unique_id="codeops-before-call")
        events.register_last("before-call.s3", self._before_sending, unique_id="codeops-before-sending")
        events.register_last("response-received", self._after_attempt, unique_id="codeops-after-attempt")

    def _before_call(self, params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        """Keeps what only the call's parameters tell, in the dictionary that the library keeps for one call."""
        if self._hooks.is_installed and current() is not None:
            context["codeops"] = {"params": params}

    @staticmethod
    def _before_sending(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        if "codeops" in context:
            guarded(_note_body, context["codeops"], params)

    def _after_attempt(self, event_name: str, context: dict[str, Any], **told: Any) -> None:
        if self._hooks.is_installed and current() is not None:
            guarded(self._note_attempt, event_name, context.get("codeops") or {}, **told)

    def _note_attempt(
        self, event_name: str, known: dict[str, Any], *, response_dict: Any, parsed_response: Any, exception: Any = None, **__: Any
    ) -> None:
        _, service, operation = event_name.split(".", 2)
        params, answer = known.get("params") or {}, parsed_response or {}
        if type(exception).__name__ in _UNREACHED:
            return
        if service == "s3":
            labels = _note_s3_request(operation, params, answer)
            _note_upload({} if self._was_refused() else known, response_dict)
            self._note_download(response_dict, answer, labels)
        elif service == "bedrock-runtime":
            _bedrock.note(operation, params, answer)
        else:
            for part in _OTHERS.get(service, _request)(service, operation, params, answer):
                count(*part)

    def _note_download(self, response: dict[str, Any] | None, answer: dict[str, Any], labels: dict[str, str]) -> None:
        if response is not None and isinstance(response["body"], bytes):
            _note_read(len(response["body"]), {})
        elif hasattr(answer.get("Body"), "read"):
            hooks = self._hooks
            self._watch(answer["Body"], lambda size: _note_read(size, labels) if hooks.is_installed else None)


def _note_body(known: dict[str, Any], request: dict[str, Any]) -> None:
    """Keeps the request's body for the time of the call, to tell how much of it each attempt sent."""
    from botocore.utils import determine_content_length

    body = request.get("body") or b""
    size = determine_content_length(body)
    declared = known["params"].get("ContentLength")
    known["body"], known["size"] = body, declared if size is None else size
    known["start"] = body.tell() if hasattr(body, "tell") and hasattr(body, "seek") else None


def _note_s3_request(operation: str, params: dict[str, Any], answer: dict[str, Any]) -> dict[str, str]:
    meter = next(meter for words, meter in _S3_CLASS if operation.startswith(words))
    kept = params.get("StorageClass") or (answer.get("StorageClass") if operation in {"GetObject", "HeadObject"} else "")
    labels = {"storage_class": kept.lower().replace("_", "-")} if kept else {}
    count(meter, 1, labels=labels)
    return labels


def _note_upload(known: dict[str, Any], response: dict[str, Any] | None) -> None:
    sent = known.get("size") or 0
    if sent and known["start"] is not None and (response is None or response["status_code"] >= 300):
        # It may have been refused before its body was read (Expect: 100-continue in aiohttp), or in the middle.
        sent = min(sent, max(0, known["body"].tell() - known["start"]))
    if sent:
        count("aws.s3.upload", sent, "By")


def _note_read(size: int, labels: dict[str, str]) -> None:
    if size:
        count("aws.s3.download", size, "By")
        if labels.get("storage_class") in _RETRIEVED:
            count("aws.s3.retrieval", size, "By", labels)


_Part = tuple[str, int | Decimal, str, dict[str, str]]
"""Meter, amount, unit and labels."""


def calls(service: str, operation: str, answer: dict[str, Any]) -> Iterator[_Part]:
    """What one call consumed where only its names are known, as on a span, and what of the answer is."""
    if service == "s3":
        yield next(meter for words, meter in _S3_CLASS if operation.startswith(words)), 1, "{request}", {}
    elif service != "bedrock-runtime":
        yield from _OTHERS.get(service, _request)(service, operation, {}, answer)


def _request(service: str, operation: str, _params: dict[str, Any], _answer: dict[str, Any]) -> Iterator[_Part]:
    yield f"aws.{service.replace('-', '_')}.request", 1, "{request}", {"operation": operation}


def _lambda(_service: str, operation: str, params: dict[str, Any], _answer: dict[str, Any]) -> Iterator[_Part]:
    if operation.startswith("Invoke") and params.get("InvocationType") != "DryRun":
        yield "aws.lambda.request", 1, "{request}", {}
    else:
        yield "aws.lambda.control_call", 1, "{request}", {"operation": operation}


def _sqs(_service: str, operation: str, params: dict[str, Any], answer: dict[str, Any]) -> Iterator[_Part]:
    kind = "fifo" if str(params.get("QueueUrl", "")).endswith(".fifo") else "standard"
    sent, received = _payload(params.get("Entries") or [params], "MessageBody"), _payload(answer.get("Messages", []), "Body")
    yield "aws.sqs.request", _chunks(max(sent, received)), "{request}", {"operation": operation, "queue_type": kind}


def _sns(service: str, operation: str, params: dict[str, Any], answer: dict[str, Any]) -> Iterator[_Part]:
    if operation not in {"Publish", "PublishBatch"}:
        yield from _request(service, operation, params, answer)
        return
    messages = params.get("PublishBatchRequestEntries") or [params]
    if str(params.get("TopicArn", "")).endswith(".fifo"):
        yield "aws.sns.publish", len(messages), "{request}", {"topic_type": "fifo"}
    else:
        yield "aws.sns.publish", _chunks(_payload(messages, "Message")), "{request}", {"topic_type": "standard"}


def _dynamodb(_service: str, operation: str, _params: dict[str, Any], answer: dict[str, Any]) -> Iterator[_Part]:
    """What one attempt consumed: units as DynamoDB reports them, else only that there was a call."""
    kind = _DYNAMODB_KIND.get(operation)
    reported = answer.get("ConsumedCapacity")
    consumed = [reported] if isinstance(reported, dict) else reported or []
    units = {"read": Decimal(0), "write": Decimal(0)}
    for entry in consumed:
        for name in units:
            units[name] += Decimal(str(entry.get(f"{name.capitalize()}CapacityUnits", 0)))
        if kind and not ("ReadCapacityUnits" in entry or "WriteCapacityUnits" in entry):
            units[kind] += Decimal(str(entry.get("CapacityUnits", 0)))
    if any(units.values()):
        for name, amount in units.items():
            if amount:
                yield f"aws.dynamodb.{name}", amount, "{request_unit}", {}
    else:
        yield f"aws.dynamodb.{kind}_call" if kind else "aws.dynamodb.request", 1, "{request}", {"operation": operation}


_OTHERS = {"dynamodb": _dynamodb, "lambda": _lambda, "sns": _sns, "sqs": _sqs}
"""How the attempts of a service are counted, by the name that its events carry."""


def _chunks(payload_bytes: int) -> int:
    return max(1, -(-payload_bytes // _CHUNK_BYTES))


def _payload(messages: list[dict[str, Any]], body: str) -> int:
    """Bytes of the messages' bodies and attributes, which is what SQS and SNS meter."""
    size = 0
    for message in messages:
        size += len(str(message.get(body, "")).encode())
        for name, attribute in (message.get("MessageAttributes") or {}).items():
            value = attribute.get("StringValue") or attribute.get("BinaryValue") or ""
            size += len(name) + len(attribute.get("DataType", "")) + len(value.encode() if isinstance(value, str) else value)
    return size

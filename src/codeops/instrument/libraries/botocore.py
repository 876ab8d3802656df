"""Calls of AWS, through the events that botocore emits for each attempt, retries included.

The class of an S3 request is the one that AWS bills (`_S3_CLASS`): PUT, COPY, POST and LIST requests are one price
(Requests-Tier1), GET, SELECT and all others another (Requests-Tier2), DELETE and CANCEL are free.
Source: AWS's documentation of its billing and usage reports for Amazon S3, and the request prices of
`prices/data/aws/s3.toml`, 2026-11-23. Each 64 KB of an SQS payload is one request: Amazon SQS FAQ, 2026-11-23.
"""

import gc
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from codeops.instrument.guard import guarded
from codeops.instrument.patch import Hooks, Live
from codeops.instrument.recorder import count, current

__all__ = ["METERS", "MODULE", "VERSIONS", "install", "uninstall"]

MODULE = "botocore.client"

METERS = {
    "aws.s3.get": ("{request}", "S3 requests of the GET class, with `storage_class` where the answer names one"),
    "aws.s3.put": ("{request}", "S3 requests of the PUT, COPY and POST class, multipart included, with `storage_class` if asked for"),
    "aws.s3.list": ("{request}", "S3 requests that list; S3 bills them like PUT"),
    "aws.s3.delete": ("{request}", "S3 deletes and cancels; free"),
    "aws.dynamodb.read": ("{request_unit}", "DynamoDB read units, where the call asks for ConsumedCapacity"),
    "aws.dynamodb.write": ("{request_unit}", "DynamoDB write units, where the call asks for ConsumedCapacity"),
    "aws.dynamodb.read_call": ("{request}", "DynamoDB reads whose units are not known, by `operation`"),
    "aws.dynamodb.write_call": ("{request}", "DynamoDB writes whose units are not known, by `operation`"),
    "aws.sqs.request": ("{request}", "SQS requests, one for each 64 KB of payload, by `operation` and `queue_type`"),
    "aws.<service>.request": ("{request}", "requests to any other service, by `operation`"),
}

VERSIONS = "botocore 1.34 to 1.44, and boto3, s3transfer and whatever else makes its clients with it"

_S3_CLASS = (
    (("Delete", "Abort"), "aws.s3.delete"),
    (("List",), "aws.s3.list"),
    (("CreateSession",), "aws.s3.get"),
    (("Put", "Copy", "Post", "Create", "Upload", "Complete", "Restore", "Rename", "Update", "Write"), "aws.s3.put"),
    (("",), "aws.s3.get"),
)
"""The meter of an S3 operation by the first word of its name; the first row that fits counts."""

_DYNAMODB_KIND = {
    **dict.fromkeys(("GetItem", "BatchGetItem", "TransactGetItems", "Query", "Scan"), "read"),
    **dict.fromkeys(("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"), "write"),
}
_CHUNK_BYTES = 64 * 1024
_hooks = Hooks()


def install() -> None:
    """Listens to every client, those made already and those to come."""
    from botocore.client import BaseClient, ClientCreator

    _hooks.wrap(ClientCreator, "create_client", _listening)
    if BaseClient.__subclasses__():  # each service has its own, made with its first client
        for made in gc.get_objects():
            # By type: `isinstance` asks `__class__`, at which lazy objects such as Django's settings wake up.
            if issubclass(type(made), BaseClient) and "meta" in vars(made):
                guarded(_listen, made.meta.events)


def uninstall() -> None:
    """Listens no more, to old clients neither."""
    _hooks.undo()


def _listening(original: Callable[..., Any], _live: Live) -> Callable[..., Any]:
    def create_client(*args: Any, **kwargs: Any) -> Any:
        client = original(*args, **kwargs)
        guarded(_listen, client.meta.events)
        return client

    return create_client


def _listen(events: Any) -> None:
    events.register_last("provide-client-params", _before_call, unique_id="codeops-before-call")
    events.register_last("response-received", _after_attempt, unique_id="codeops-after-attempt")


def _before_call(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    """Keeps what only the call's parameters tell, in the dictionary that botocore keeps for one call."""
    if _hooks.is_installed and current() is not None:
        context["codeops"] = params


def _after_attempt(event_name: str, context: dict[str, Any], parsed_response: dict[str, Any] | None, **_: Any) -> None:
    if _hooks.is_installed and current() is not None:
        guarded(_note_attempt, event_name, context.get("codeops") or {}, parsed_response or {})


def _note_attempt(event_name: str, params: dict[str, Any], answer: dict[str, Any]) -> None:
    _, service, operation = event_name.split(".", 2)
    if service == "s3":
        meter = next(meter for words, meter in _S3_CLASS if operation.startswith(words))
        kept = params.get("StorageClass") or (answer.get("StorageClass") if operation in {"GetObject", "HeadObject"} else "")
        count(meter, 1, labels={"storage_class": kept.lower().replace("_", "-")} if kept else {})
    elif service == "dynamodb":
        for meter, amount, unit, labels in _dynamodb(operation, answer):
            count(meter, amount, unit, labels)
    elif service == "sqs":
        kind = "fifo" if str(params.get("QueueUrl", "")).endswith(".fifo") else "standard"
        chunks = -(
            -max(_payload(params.get("Entries") or [params], "MessageBody"), _payload(answer.get("Messages", []), "Body")) // _CHUNK_BYTES
        )
        count("aws.sqs.request", max(1, chunks), labels={"operation": operation, "queue_type": kind})
    else:
        count(f"aws.{service.replace('-', '_')}.request", 1, labels={"operation": operation})


def _dynamodb(operation: str, answer: dict[str, Any]) -> Iterator[tuple[str, Decimal, str, dict[str, str]]]:
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
        yield f"aws.dynamodb.{kind}_call" if kind else "aws.dynamodb.request", Decimal(1), "{request}", {"operation": operation}


def _payload(messages: list[dict[str, Any]], body: str) -> int:
    """Bytes of the messages' bodies and attributes, which is what SQS meters."""
    size = 0
    for message in messages:
        size += len(str(message.get(body, "")).encode())
        for name, attribute in (message.get("MessageAttributes") or {}).items():
            value = attribute.get("StringValue") or attribute.get("BinaryValue") or ""
            size += len(name) + len(attribute.get("DataType", "")) + len(value.encode() if isinstance(value, str) else value)
    return size

"""Calls of AWS, through the events that botocore emits for each attempt, retries included.

The class of an S3 request is the one of the price list (`_S3_CLASS`).
Source: Amazon S3 pricing, requests and data retrievals, https://aws.amazon.com/s3/pricing/, and "Understanding your
AWS billing and usage reports for Amazon S3", read 2026-11-23: PUT, COPY, POST and LIST requests are one price
(Requests-Tier1), GET, SELECT and all others another (Requests-Tier2), DELETE and CANCEL are free.
Source: Amazon SQS pricing, https://aws.amazon.com/sqs/pricing/, read 2026-11-23: each 64 KB of payload is one request.
"""

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from codeops.instrument.guard import guarded
from codeops.instrument.patch import Hooks, Live
from codeops.instrument.recorder import count

__all__ = ["METERS", "MODULE", "VERSIONS", "install", "uninstall"]

MODULE = "botocore.client"

METERS = {
    "aws.s3.get": ("{request}", "S3 requests of the GET class, with `storage_class` where it is not the standard one"),
    "aws.s3.put": ("{request}", "S3 requests of the PUT, COPY and POST class, multipart included"),
    "aws.s3.list": ("{request}", "S3 requests that list; billed as PUT by S3"),
    "aws.s3.delete": ("{request}", "S3 deletes and cancels; free"),
    "aws.dynamodb.read": ("{request_unit}", "DynamoDB read units, where the call asks for ConsumedCapacity"),
    "aws.dynamodb.write": ("{request_unit}", "DynamoDB write units, where the call asks for ConsumedCapacity"),
    "aws.dynamodb.read_call": ("{request}", "DynamoDB reads whose units are not known, by `operation`"),
    "aws.dynamodb.write_call": ("{request}", "DynamoDB writes whose units are not known, by `operation`"),
    "aws.sqs.request": ("{request}", "SQS requests, one for each 64 KB of payload, by `operation`"),
    "aws.<service>.request": ("{request}", "requests to any other service, by `operation`"),
}

VERSIONS = "botocore 1.34 to 1.44, and boto3, s3transfer and whatever else makes its clients with it"

_S3_CLASS = (
    ("aws.s3.delete", ("Delete", "Abort")),
    ("aws.s3.list", ("List",)),
    ("aws.s3.put", ("Put", "Copy", "Post", "Create", "Upload", "Complete", "Restore", "Rename", "Update", "Write")),
    ("aws.s3.get", ("",)),
)
"""The meter of an S3 operation by the first word of its name; the first row that fits counts."""

_CHUNK_BYTES = 64 * 1024
_DYNAMODB_READS = re.compile(r"(Get|BatchGet|TransactGet|Query|Scan)")
_EVENTS = (("before-call", "_note_request"), ("response-received", "_note_attempt"))
_hooks = Hooks()


def install() -> None:
    """Listens to every client that is created from now on."""
    from botocore.client import ClientCreator

    _hooks.wrap(ClientCreator, "create_client", _listening)


def uninstall() -> None:
    """Listens to no new client; those that exist count only while somebody measures with the hooks in place."""
    _hooks.undo()


def _listening(original: Callable[..., Any], live: Live) -> Callable[..., Any]:
    def create_client(*args: Any, **kwargs: Any) -> Any:
        client = original(*args, **kwargs)
        guarded(_listen, client, live)
        return client

    return create_client


def _listen(client: Any, live: Live) -> None:
    def before_call(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        if live() is not None:
            guarded(_note_request, params, context)

    def response_received(
        event_name: str, context: dict[str, Any], parsed_response: dict[str, Any] | None, response_dict: Any, **_: Any
    ) -> None:
        if live() is not None:
            guarded(_note_attempt, event_name, context, parsed_response or {}, response_dict or {})

    client.meta.events.register_last("before-call", before_call, unique_id="codeops-before-call")
    client.meta.events.register_last("response-received", response_received, unique_id="codeops-response-received")


def _note_request(params: dict[str, Any], context: dict[str, Any]) -> None:
    """Keeps what only the request tells, where botocore keeps what belongs to one call."""
    body = params.get("body")
    context["codeops"] = {
        "bytes": len(body) if isinstance(body, bytes | str) else 0,
        "storage_class": (params.get("headers") or {}).get("x-amz-storage-class", ""),
    }


def _note_attempt(event_name: str, context: dict[str, Any], answer: dict[str, Any], response: Any) -> None:
    _, service, operation = event_name.split(".", 2)
    asked = context.get("codeops", {})
    if service == "s3":
        kept = asked.get("storage_class") or (answer.get("StorageClass") if operation in {"GetObject", "HeadObject"} else "")
        labels = {"storage_class": kept.lower().replace("_", "-")} if kept else {}
        count(_s3_meter(operation), 1, labels=labels)
    elif service == "dynamodb":
        for meter, amount, unit in _dynamodb(operation, answer):
            count(meter, amount, unit, {} if unit == "{request_unit}" else {"operation": operation})
    elif service == "sqs":
        payload = max(asked.get("bytes", 0), _size(response.get("body")) if operation == "ReceiveMessage" else 0)
        count("aws.sqs.request", max(1, -(-payload // _CHUNK_BYTES)), labels={"operation": operation})
    else:
        count(f"aws.{service.replace('-', '_')}.request", 1, labels={"operation": operation})


def _s3_meter(operation: str) -> str:
    return next(meter for meter, words in _S3_CLASS if operation.startswith(words))


def _dynamodb(operation: str, answer: dict[str, Any]) -> Iterator[tuple[str, Decimal, str]]:
    """Meter, amount and unit of one attempt: units as DynamoDB reports them, else that there was a call."""
    kind = "read" if _DYNAMODB_READS.match(operation) else "write"
    reported = answer.get("ConsumedCapacity")
    consumed = [reported] if isinstance(reported, dict) else reported or []
    for entry in consumed:
        split = {name: entry.get(f"{name.capitalize()}CapacityUnits") for name in ("read", "write")}
        if not any(split.values()):
            split = {kind: entry.get("CapacityUnits", 0)}
        for name, units in split.items():
            if units:
                yield f"aws.dynamodb.{name}", Decimal(str(units)), "{request_unit}"
    if not consumed:
        yield f"aws.dynamodb.{kind}_call", Decimal(1), "{request}"


def _size(body: object) -> int:
    return len(body) if isinstance(body, bytes | str) else 0

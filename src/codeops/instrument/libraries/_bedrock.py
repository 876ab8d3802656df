"""Tokens that Amazon Bedrock reports: in the usage of Converse, in the headers of InvokeModel, at the end of streams.

Source: Amazon Bedrock API reference (TokenUsage; the headers x-amzn-bedrock-*-token-count; the event
amazon-bedrock-invocationMetrics), 2026-11-25: input tokens exclude those read from and written to the cache.
"""

import base64
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any

from codeops.instrument.guard import guarded
from codeops.instrument.recorder import count

__all__ = ["METERS", "note"]

METERS = {
    "llm.input": ("{token}", "input tokens of Bedrock that were neither read from nor written to the cache, by `model`"),
    "llm.output": ("{token}", "output tokens of Bedrock, by `model`"),
    "llm.cache_read": ("{token}", "input tokens of Bedrock read from the cache, by `model`"),
    "llm.cache_write": ("{token}", "input tokens of Bedrock written to the cache, by `model`"),
    "aws.bedrock_runtime.request": ("{request}", "requests to Bedrock whose answer reports no tokens, by `operation`"),
}

_USAGE = {
    "llm.input": "inputTokens",
    "llm.output": "outputTokens",
    "llm.cache_read": "cacheReadInputTokens",
    "llm.cache_write": "cacheWriteInputTokens",
}
_METRICS = {
    "llm.input": "inputTokenCount",
    "llm.output": "outputTokenCount",
    "llm.cache_read": "cacheReadInputTokenCount",
    "llm.cache_write": "cacheWriteInputTokenCount",
}
_HEADERS = {
    "llm.input": "x-amzn-bedrock-input-token-count",
    "llm.output": "x-amzn-bedrock-output-token-count",
    "llm.cache_read": "x-amzn-bedrock-cache-read-input-token-count",
    "llm.cache_write": "x-amzn-bedrock-cache-write-input-token-count",
}


def note(operation: str, params: dict[str, Any], answer: dict[str, Any]) -> None:
    """Counts the tokens of one attempt, or sees to it that they are counted when its stream tells them."""
    labels = {"model": str(params.get("modelId", "")).rpartition("/")[2], "llm_provider": "aws"}
    stream = answer.get("stream") or answer.get("body")
    if hasattr(stream, "_event_generator"):
        _watch(stream, lambda event: _note_event(event, labels))
        return
    headers = (answer.get("ResponseMetadata") or {}).get("HTTPHeaders") or {}
    if not (_note_tokens(answer.get("usage"), _USAGE, labels) or _note_tokens(headers, _HEADERS, labels)):
        count("aws.bedrock_runtime.request", 1, labels={"operation": operation})


def _note_tokens(told: Any, fields: dict[str, str], labels: dict[str, str]) -> bool:
    amounts = {meter: int(told.get(field) or 0) for meter, field in fields.items()} if isinstance(told, Mapping) else {}
    for meter, amount in amounts.items():
        if amount:
            count(meter, amount, labels=labels)
    return any(amounts.values())


def _note_event(event: Any, labels: dict[str, str]) -> None:
    """`event` is a message of the stream, before the library has parsed it."""
    kind = event.headers.get(":event-type")
    if kind == "metadata":
        _note_tokens(json.loads(event.payload).get("usage"), _USAGE, labels)
    elif kind == "chunk" and (part := json.loads(event.payload).get("bytes")):
        told = base64.b64decode(part)
        if b"amazon-bedrock-invocationMetrics" in told:
            _note_tokens(json.loads(told).get("amazon-bedrock-invocationMetrics"), _METRICS, labels)


def _watch(stream: Any, note_event: Callable[[Any], None]) -> None:
    """Looks at each message on its way to whoever reads the stream."""
    events = stream._event_generator  # ruff: ignore[private-member-access] - nothing public sees the messages
    watched = _watched_async(events, note_event) if hasattr(events, "__anext__") else _watched(events, note_event)
    stream._event_generator = watched  # ruff: ignore[private-member-access]


def _watched(events: Iterator[Any], note_event: Callable[[Any], None]) -> Iterator[Any]:
    for event in events:
        guarded(note_event, event)
        yield event


async def _watched_async(events: AsyncIterator[Any], note_event: Callable[[Any], None]) -> AsyncIterator[Any]:
    async for event in events:
        guarded(note_event, event)
        yield event

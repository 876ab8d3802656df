"""Tokens reported by the anthropic client for messages, streamed or not.

Source: the API's reference for usage, as documented in the client anthropic 2.12 (`Usage`, `MessageDeltaUsage`),
read 2026-11-23: input tokens exclude those read from and written to the cache, output tokens include those of thinking; a
stream's figures are running totals.
"""

from collections.abc import Mapping
from typing import Any

from codeops.instrument.libraries._llm import METERS, hook
from codeops.instrument.patch import Hooks

__all__ = ["METERS", "MODULE", "VERSIONS", "install", "uninstall"]

MODULE = "anthropic"

VERSIONS = "anthropic 0.60 to 2.12, sync and async"

_FIELDS = {
    "llm.input": "input_tokens",
    "llm.cache_read": "cache_read_input_tokens",
    "llm.cache_write": "cache_creation_input_tokens",
}
_hooks = Hooks()


def install() -> None:
    """Hooks the client class that all of them inherit from."""
    from anthropic._base_client import BaseClient  # ruff: ignore[import-private-name] - no public place sees every answer

    hook(_hooks, BaseClient, _tokens)


def uninstall() -> None:
    """Takes the hook out."""
    _hooks.undo()


def _tokens(data: Mapping[str, Any]) -> tuple[str, dict[str, int]]:
    message = data.get("message") if data.get("type") == "message_start" else data
    usage = message.get("usage") if isinstance(message, Mapping) else None
    if not isinstance(message, Mapping) or not isinstance(usage, Mapping):
        return "", {}
    amounts = {meter: usage.get(field) or 0 for meter, field in _FIELDS.items()}
    if message is data:  # the figures at the start of a stream do not tell reasoning apart yet, those that follow include them
        thought = (usage.get("output_tokens_details") or {}).get("thinking_tokens") or 0
        amounts |= {"llm.output": max(0, (usage.get("output_tokens") or 0) - thought), "llm.reasoning": thought}
    return str(message.get("model") or ""), amounts

"""Tokens reported by the openai client: chat completions, responses, completions and embeddings; streamed or not.

Source: the API's reference for usage objects, as documented in the client openai 3.54 (`CompletionUsage`,
`ResponseUsage`), read 2026-11-23: cached and cache-written tokens are part of the prompt's tokens, reasoning tokens
part of the output's. A stream of chat completions reports usage only when asked to, by `stream_options`.
"""

from collections.abc import Mapping
from typing import Any

from codeops.instrument.libraries._llm import METERS, hook
from codeops.instrument.patch import Hooks

__all__ = ["METERS", "MODULE", "VERSIONS", "install", "uninstall"]

MODULE = "openai"

VERSIONS = "openai 1.60 to 3.54, sync and async"

_hooks = Hooks()


def install() -> None:
    """Hooks the client class that all of them inherit from."""
    from openai._base_client import BaseClient  # ruff: ignore[import-private-name] - no public place sees every answer

    hook(_hooks, BaseClient, _tokens)


def uninstall() -> None:
    """Takes the hook out."""
    _hooks.undo()


def _tokens(data: Mapping[str, Any]) -> tuple[str, dict[str, int]]:
    inner = data.get("response")
    answer = inner if isinstance(inner, Mapping) else data
    usage = answer.get("usage")
    if not isinstance(usage, Mapping):
        return "", {}
    total = usage.get("input_tokens", usage.get("prompt_tokens")) or 0
    details = usage.get("input_tokens_details") or usage.get("prompt_tokens_details") or {}
    made = usage.get("output_tokens", usage.get("completion_tokens")) or 0
    thought = (usage.get("output_tokens_details") or usage.get("completion_tokens_details") or {}).get("reasoning_tokens") or 0
    read, written = details.get("cached_tokens") or 0, details.get("cache_write_tokens") or 0
    return str(answer.get("model") or ""), {
        "llm.input": max(0, total - read - written),
        "llm.output": max(0, made - thought),
        "llm.reasoning": thought,
        "llm.cache_read": read,
        "llm.cache_write": written,
    }

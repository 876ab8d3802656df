"""Tokens that the clients of language models report, each token once."""

from collections.abc import Callable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from codeops.instrument.guard import guarded
from codeops.instrument.patch import Hooks
from codeops.instrument.recorder import count

__all__ = ["METERS", "Tokens", "hook"]

METERS = {
    "llm.input": ("{token}", "input tokens that were neither read from nor written to the cache, by `model`"),
    "llm.output": ("{token}", "output tokens without those of reasoning, by `model`"),
    "llm.reasoning": ("{token}", "output tokens of reasoning, where the answer tells them apart, by `model`"),
    "llm.cache_read": ("{token}", "input tokens read from the cache, by `model`"),
    "llm.cache_write": ("{token}", "input tokens written to the cache, by `model`"),
}

Tokens = Callable[[Mapping[str, Any]], tuple[str, Mapping[str, int]]]
"""The model and the tokens by meter, so far, that one event or answer of the vendor's API reports."""

_reported: "WeakKeyDictionary[object, dict[str, Any]]" = WeakKeyDictionary()
"""What each HTTP response has reported so far: streams repeat and correct their figures, which are running totals."""


def hook(hooks: Hooks, client: Any, tokens: Tokens) -> None:
    """Reads usage from each answer, and each event of a stream, that a generated client turns into an object."""

    def note(_client: Any, *, data: object, response: object, **_: Any) -> None:
        if isinstance(data, Mapping):
            _note(data, response, tokens)

    hooks.before(client, "_process_response_data", note)


def _note(data: Mapping[str, Any], response: object, tokens: Tokens) -> None:
    model, amounts = tokens(data)
    known = _reported.setdefault(response, {"model": ""})
    known["model"] = model or known["model"]
    for meter, amount in amounts.items():
        more = amount - known.get(meter, 0)
        if more > 0:
            known[meter] = amount
            guarded(count, meter, more, labels={"model": known["model"]})

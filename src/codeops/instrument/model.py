"""Tokens of language models: what `gen_ai.*` attributes of a span say, as meters that never count a token twice.

`gen_ai.usage.input_tokens` and `output_tokens` are totals; cached and reasoning tokens are inside of them. Spans of agents
and workflows sum up those of the calls below them, and are not read. Where a client is hooked, its hook has counted the
tokens already: on the span itself or, of a stream, on whichever span was current when the answer came to its end.
Source: OpenTelemetry semantic conventions for generative AI, attributes `gen_ai.usage.*`, v1.44.0, read 2026-11-25.
"""

from collections.abc import Mapping
from typing import Any

from codeops.core.attribute import GEN_AI_AMOUNT, GEN_AI_CURRENCY
from codeops.instrument.rates import Line, Rates

__all__ = ["NAMES", "READ", "aliases", "are_tokens", "claim", "lines", "note"]

_INPUT = ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens")
_OUTPUT = ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens")
_CACHE_READ = ("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens")
_CACHE_WRITE = ("gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_creation_input_tokens")
_REASONING = ("gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens")
_MODEL = ("gen_ai.response.model", "gen_ai.request.model")
_OPERATION = "gen_ai.operation.name"
_WHOLES = frozenset({"create_agent", "execute_tool", "invoke_agent", "invoke_workflow"})
_MOST = 256

READ = frozenset({*_INPUT, *_OUTPUT})
"""The attributes without which there is nothing to count."""

NAMES = READ.union(_CACHE_READ, _CACHE_WRITE, _REASONING, _MODEL, [_OPERATION])
"""All attributes that `lines` looks at."""


def lines(given: Mapping[str, Any]) -> dict[Line, float]:
    """Tokens by line of usage, each token once; empty for a span that is no model's.

    Example:
        >>> found = lines({"gen_ai.usage.input_tokens": 10, "gen_ai.usage.cache_read.input_tokens": 4, "gen_ai.request.model": "m"})
        >>> {line[0]: amount for line, amount in found.items()}
        {'llm.input': 6, 'llm.cache_read': 4}
    """
    if given.get(_OPERATION) in _WHOLES:
        return {}
    read, written, reasoning = _first(given, _CACHE_READ), _first(given, _CACHE_WRITE), _first(given, _REASONING)
    amounts = {
        "llm.input": max(0, _first(given, _INPUT) - read - written),
        "llm.output": max(0, _first(given, _OUTPUT) - reasoning),
        "llm.cache_read": read,
        "llm.cache_write": written,
        "llm.reasoning": reasoning,
    }
    model = next((str(given[name]) for name in _MODEL if given.get(name)), "")
    labels = (("model", model),) if model else ()
    return {(meter, "{token}", labels): amount for meter, amount in amounts.items() if amount}


def are_tokens(line: Line) -> bool:
    """Whether a line of usage counts tokens."""
    return line[0][:4] == "llm."


def note(pool: dict[Line, float], line: Line, amount: float) -> None:
    """Remembers tokens that a client's hook has counted, until the span of the call says the same; bounded."""
    if line in pool or len(pool) < _MOST:
        pool[line] = pool.get(line, 0) + amount


def claim(tokens: Mapping[Line, float], *pools: dict[Line, float]) -> dict[Line, float]:
    """What of `tokens` no pool holds; what they hold is taken out of them."""
    left = dict(tokens)
    for pool in pools:
        for line in pool.keys() & tokens.keys():
            held = min(left[line], pool[line])
            left[line] -= held
            pool[line] -= held
    return {line: amount for line, amount in left.items() if amount}


def aliases(usage: Mapping[Line, float], rates: Rates) -> dict[str, Any]:
    """What the tokens among `usage` cost, under the names that are proposed for OpenTelemetry; empty when not all are priced."""
    tokens = [(rates.of(line), amount) for line, amount in usage.items() if are_tokens(line)]
    if any(rate is None for rate, _ in tokens):
        return {}
    return {GEN_AI_AMOUNT: sum((rate or 0.0) * amount for rate, amount in tokens), GEN_AI_CURRENCY: rates.book.currency}


def _first(given: Mapping[str, Any], names: tuple[str, ...]) -> int:
    for name in names:
        value = given.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
            return int(value)
    return 0

"""Writing: a price book as the text of the full form, with a comment at each entry that needs a look."""

import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from codeops.core.finding import Finding
from codeops.core.price import Multiplier, Price
from codeops.core.selector import Selector

__all__ = ["render"]


def render(
    version: str,
    currency: str,
    prices: Iterable[Price],
    multipliers: Iterable[Multiplier] = (),
    *,
    source: str = "",
    doubts: Iterable[Finding] = (),
) -> str:
    """The TOML of a price book in the full form; `source` stands at each entry that has none of its own."""
    by_place: dict[object, list[Finding]] = {}
    for doubt in doubts:
        by_place.setdefault(doubt.location, []).append(doubt)
    lines = [f"version = {_text(version)}", f"currency = {_text(currency)}"]
    for price in prices:
        lines += ["", *_comments(by_place.get(price.origin, ())), "[[price]]", *_price(price, source)]
    for multiplier in multipliers:
        lines += ["", *_comments(by_place.get(multiplier.origin, ())), "[[multiplier]]", *_multiplier(multiplier, source)]
    return "\n".join(lines) + "\n"


def _comments(doubts: Sequence[Finding]) -> list[str]:
    return [f"# CHECK: {line}" for doubt in doubts for line in (doubt.message, doubt.why, doubt.fix)]


def _price(price: Price, source: str) -> list[str]:
    lines = [f"meter = {_text(price.meter)}"]
    if len(price.tiers) == 1:
        lines.append(f"price = {_number(price.tiers[0].price)}")
    else:
        steps = [
            {"price": _number(tier.price)} if tier.up_to is None else {"up_to": _number(tier.up_to), "price": _number(tier.price)}
            for tier in price.tiers
        ]
        lines.append(f"tiers = [{', '.join(map(_table, steps))}]")
    lines.append(f"per = {_text(str(price.per))}")
    return [*lines, *_rest(price, source), *([f"note = {_text(price.note)}"] if price.note else [])]


def _multiplier(multiplier: Multiplier, source: str) -> list[str]:
    return [
        f"name = {_text(multiplier.name)}",
        f"factor = {_number(multiplier.factor)}",
        f"meters = [{', '.join(map(_text, multiplier.meters))}]",
        *_rest(multiplier, source),
    ]


def _rest(entry: Price | Multiplier, source: str) -> list[str]:
    lines = [f"when = {_when(entry.when)}"] if entry.when else []
    lines += [f"{name} = {day.isoformat()}" for name, day in (("valid_from", entry.valid_from), ("valid_to", entry.valid_to)) if day]
    written = entry.source or source
    return [*lines, *([f"source = {_text(written)}"] if written else [])]


def _when(when: Selector) -> str:
    return _table({
        name: _text(values[0]) if len(values) == 1 else f"[{', '.join(map(_text, values))}]" for name, values in when.terms
    })  # fmt: skip


def _table(items: Mapping[str, str]) -> str:
    return "{ " + ", ".join(f"{_key(name)} = {value}" for name, value in items.items()) + " }"


def _key(name: str) -> str:
    return name if name.replace("-", "_").isidentifier() and name.isascii() else _text(name)


def _number(number: Decimal) -> str:
    return f'"{number:f}"'


def _text(text: str) -> str:
    """A TOML basic string: JSON's escapes, and those of two characters that JSON lets through."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")

"""LLM prices: what a model's tokens cost, out of the package genai-prices, looked up when a model is asked for.

The package takes a third of a second to import and knows thousands of models, and it knows how providers spell
them (`claude-sonnet-4-20250514`), so a price is found by its rules and not copied into the book.

`llm.input` are the tokens of the prompt that were neither read from nor written to a cache, `llm.output` those of the
answer without the `llm.reasoning` before it. Where a model has no price of its own for cached tokens they cost what
input costs, and reasoning what output costs, as the package reckons.
Prices that hang on the length of the prompt or the time of day are entries with the labels `prompt_tokens` and
`time_of_day` (UTC); where usage does not carry them the short prompt and the peak hours are assumed, with a caveat.
Left out: audio, images, searches and hours, and one-hour cache writes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache, partial
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any, NamedTuple

from codeops.core.errors import MissingExtra
from codeops.core.location import Location
from codeops.core.money import Quantity
from codeops.core.price import Price, Tier
from codeops.core.pricebook import Catalogue
from codeops.core.selector import NO_LABELS, Labels, Selector

__all__ = ["NAME", "catalogue", "entries"]

NAME = "llm"
"""The name of these prices in `extends`."""

_KEYS = {
    "llm.input": ("input_mtok",),
    "llm.output": ("output_mtok",),
    "llm.reasoning": ("output_reasoning_mtok", "output_mtok"),
    "llm.cache_read": ("cache_read_mtok", "input_mtok"),
    "llm.cache_write": ("cache_write_mtok", "input_mtok"),
}
_PER = Quantity.parse("1000000 {token}")
_STANDARD = "standard"


def catalogue(layer: int = 1) -> Catalogue:
    """All LLM prices, without loading any of them.

    Raises: MissingExtra.
    """
    if find_spec("genai_prices") is None:
        raise MissingExtra(
            "LLM prices need genai_prices, which is not installed",
            why=f'it belongs to the extra {NAME!r}, and a price book extends "{NAME}"',
            fix=f"pip install 'codeops[{NAME}]'",
        )
    return Catalogue(_package(), tuple(_KEYS), partial(entries, layer=layer))


def entries(meter: str, labels: Labels, *, layer: int = 1) -> tuple[Price, ...]:
    """The prices of the model that `labels` name (`model`, and `llm_provider` where known); all models where none is known."""
    model = labels.get("model")
    found = _of_model(meter, model, labels.get("llm_provider"), layer) if model else ()
    return found or _of_all(meter, layer)


@lru_cache(maxsize=4096)
def _of_model(meter: str, model: str, provider: str | None, layer: int) -> tuple[Price, ...]:
    try:
        seller, info = _snapshot().find_provider_model(model, None, provider, None)
    except LookupError:
        return ()
    return _Model(meter, info, seller, {"model": model, "llm_provider": provider or seller.id}, layer).prices()


@lru_cache(maxsize=16)
def _of_all(meter: str, layer: int) -> tuple[Price, ...]:
    return tuple(
        price
        for seller in _snapshot().providers
        for info in seller.models
        for price in _Model(meter, info, seller, {"model": info.id, "llm_provider": seller.id}, layer).prices()
    )


@cache
def _package() -> str:
    return f"genai-prices {version('genai-prices')}"


@cache
def _snapshot() -> Any:
    """The prices inside the installed package: never ones that another library fetched while we ran."""
    from genai_prices.data import providers
    from genai_prices.data_snapshot import DataSnapshot

    return DataSnapshot(providers=providers, from_auto_update=False)


@dataclass(frozen=True, slots=True)
class _Model:
    """What `info`, a model of the package, says about `meter`, for usage with `labels`."""

    meter: str
    info: Any
    seller: Any
    labels: dict[str, str]
    layer: int

    def prices(self) -> tuple[Price, ...]:
        """The standard prices, and those for a way of asking (`processing`=`batch`), which are more specific."""
        groups: dict[tuple[tuple[str, str], ...], Any] = {(): self.info.prices}
        if any(self.info is model for model in self.seller.models):  # ways of asking hold only where the provider sells its own
            for variant in reversed(getattr(self.info, "price_variants", None) or []):
                groups.setdefault(tuple(sorted(variant.when.items())), []).append(variant)
        found = [
            ({**dict(when), **span.labels}, span, key, amounts)
            for when, group in groups.items()
            for span in _spans(group)
            for key, amounts in self._listed(span.prices, is_variant=bool(when))
        ]
        lengths = sorted({step for *_, amounts in found for step in amounts if step})
        peak = next(filter(None, map(_window, self.info.prices)), "") if isinstance(self.info.prices, list) else ""
        assume = {"llm_provider": self.labels["llm_provider"]}
        assume |= {"time_of_day": peak} if peak else {}
        assume |= {"prompt_tokens": _STANDARD} if lengths else {}
        return tuple(
            self._price({**when, **({"prompt_tokens": step or lengths} if lengths else {})}, assume, span, key=key, amount=amount)
            for when, span, key, amounts in found
            for step, amount in amounts.items()
        )

    def _listed(self, prices: Any, *, is_variant: bool) -> Iterator[tuple[str, dict[str, Decimal]]]:
        """The key that prices the meter, with the amount by length of prompt ("" for any length)."""
        keys = _KEYS[self.meter]
        for key in keys[:1] if is_variant and keys[-1] == "input_mtok" else keys:
            value = getattr(prices, key, None)
            if value is not None:
                tiers = {} if isinstance(value, Decimal) else {f"above-{tier.start}": tier.price for tier in value.tiers}
                yield key, {_STANDARD: value.base, **tiers} if tiers else {"": getattr(value, "base", value)}
                return

    def _price(self, when: dict[str, Any], assume: dict[str, str], span: "_Span", *, key: str, amount: Decimal) -> Price:
        return Price(
            meter=self.meter,
            per=_PER,
            tiers=(Tier(amount),),
            currency="USD",
            when=Selector.of({**self.labels, **when}),
            assume=tuple(sorted(assume.items())),
            valid_from=span.start,
            valid_to=span.end,
            source=f"{_package()}, {(self.seller.pricing_urls or [self.seller.name])[0]}",
            note="" if key == _KEYS[self.meter][0] else f"no price of its own: it costs what {key.partition('_')[0]} costs",
            layer=self.layer,
            origin=Location(f"{_package()}: {self.seller.id}/{self.info.id}"),
        )


class _Span(NamedTuple):
    """Prices with the days from and until which they hold, and the time of day if that matters."""

    prices: Any
    start: date | None = None
    end: date | None = None
    labels: Mapping[str, str] = NO_LABELS


def _window(part: Any) -> str:
    """The hours (UTC) in which a price holds, `00:30-16:30`; empty for all day."""
    begin = getattr(part.constraint, "start_time", None)
    return f"{begin:%H:%M}-{part.constraint.end_time:%H:%M}" if begin else ""


def _spans(prices: Any) -> Iterator[_Span]:
    """The prices of a list, of which the last that has begun goes first, without overlap."""
    if not isinstance(prices, list):
        yield _Span(prices)
        return
    timed = any(map(_window, prices))
    until: date | None = None
    for part in reversed(prices):
        if window := _window(part):
            yield _Span(part.prices, labels={"time_of_day": window})
            continue
        start = part.constraint.start_date if part.constraint else None
        if until is None or start is None or start < until:
            yield _Span(part.prices, start, until, {"time_of_day": "other"} if timed else NO_LABELS)
            until = start
        if start is None:
            return

"""The entries of one meter, sorted by the label that tells most of them apart, so that few are compared."""

from collections.abc import Iterable
from dataclasses import dataclass

from codeops.core.price import Price
from codeops.core.selector import Labels

__all__ = ["Shelf"]


@dataclass(frozen=True, slots=True)
class Shelf:
    """All entries of a meter, and for each value of `label` those that can match it.

    `silent` are those for usage that does not carry the label, `rest` those for a value that no entry names.
    """

    prices: tuple[Price, ...]
    label: str
    by_value: dict[str, tuple[Price, ...]]
    silent: tuple[Price, ...]
    rest: tuple[Price, ...]

    @classmethod
    def of(cls, prices: Iterable[Price]) -> "Shelf":
        """The entries, sorted by the label with the most values."""
        entries = tuple(prices)
        values: dict[str, set[str]] = {}
        for price in entries:
            for name, wanted in price.when.terms:
                values.setdefault(name, set()).update(wanted)
        label = max(sorted(values), key=lambda name: len(values[name]), default="")
        chosen = [(price, dict(price.when.terms).get(label)) for price in entries]
        by_value: dict[str, list[Price]] = {value: [] for value in values.get(label, ())}
        for price, accepted in chosen:
            for value in by_value if accepted is None else accepted:
                by_value[value].append(price)
        silent = [price for price, accepted in chosen if accepted is None or dict(price.assume).get(label) in accepted]
        rest = [price for price, accepted in chosen if accepted is None]
        return cls(entries, label, {value: tuple(found) for value, found in by_value.items()}, tuple(silent), tuple(rest))

    def near(self, labels: Labels) -> tuple[Price, ...]:
        """The entries that can match `labels`, in their order; never one too few."""
        value = labels.get(self.label)
        return self.silent if value is None else self.by_value.get(value, self.rest)

"""Selectors: which labels an entry of the price book is for."""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Labels", "Selector"]

Labels = Mapping[str, str]
"""Label name to value, for example `{"region": "us-east-1", "pricing_tier": "spot"}`."""


@dataclass(frozen=True, slots=True)
class Selector:
    """Label names, each with the values it accepts; all of them must be there.

    Example:
        >>> Selector.of({"region": ["us-east-1", "us-east-2"]}).mismatch({"region": "us-east-2"})
        >>> Selector.of({"region": "us-east-1"}).mismatch({})
        'region is not given, us-east-1 is wanted'
    """

    terms: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @classmethod
    def of(cls, when: Mapping[str, str | list[str]]) -> "Selector":
        """The selector that a `when` table spells, in a canonical order."""
        return cls(tuple(sorted((name, (value,) if isinstance(value, str) else tuple(value)) for name, value in when.items())))

    def mismatch(self, labels: Labels) -> str | None:
        """Why `labels` are not selected, or None when they are."""
        for name, values in self.terms:
            given = labels.get(name)
            if given not in values:
                wanted = " or ".join(values)
                return f"{name} is {given}, {wanted} is wanted" if given is not None else f"{name} is not given, {wanted} is wanted"
        return None

    def names(self) -> frozenset[str]:
        """The labels that are looked at."""
        return frozenset(name for name, _ in self.terms)

    def __len__(self) -> int:
        return len(self.terms)

    def __str__(self) -> str:
        return ", ".join(f"{name}={'|'.join(values)}" for name, values in self.terms) or "any labels"

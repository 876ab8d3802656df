"""Selectors: which labels an entry of the price book is for."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["NO_LABELS", "Labels", "Selector"]

Labels = Mapping[str, str]
"""Label name to value, for example `{"region": "us-east-1", "pricing_tier": "spot"}`."""

NO_LABELS: Labels = MappingProxyType({})
"""Nothing is labelled."""


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
        return cls(tuple(sorted((name, (value,) if isinstance(value, str) else tuple(sorted(set(value)))) for name, value in when.items())))

    def mismatch(self, labels: Labels, assumed: Labels = NO_LABELS) -> str | None:
        """Why `labels` are not selected, or None when they are; `assumed` speak where `labels` are silent."""
        for name, values in self.terms:
            given = labels.get(name)
            if given is None:
                given = assumed.get(name)
            if given not in values:
                wanted = " or ".join(values)
                return f"{name} is {given}, {wanted} is wanted" if given is not None else f"{name} is not given, {wanted} is wanted"
        return None

    def meets(self, other: "Selector") -> bool:
        """Whether some labels are selected by both.

        Example:
            >>> Selector.of({"region": "us-east-1"}).meets(Selector.of({"pool": "batch"}))
            True
        """
        theirs = dict(other.terms)
        return all(not set(values).isdisjoint(theirs.get(name, values)) for name, values in self.terms)

    def names(self) -> frozenset[str]:
        """The labels that are looked at."""
        return frozenset(name for name, _ in self.terms)

    def __len__(self) -> int:
        return len(self.terms)

    def __str__(self) -> str:
        return ", ".join(f"{name}={'|'.join(values)}" for name, values in self.terms) or "any labels"

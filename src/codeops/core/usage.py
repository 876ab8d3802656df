"""Usage: how much of which meter was consumed, under which labels. Usage is a fact; it is never money."""

from dataclasses import dataclass, field

from codeops.core.money import Quantity
from codeops.core.selector import Labels

__all__ = ["Usage"]


@dataclass(frozen=True, slots=True)
class Usage:
    """A quantity of a meter, with the labels that decide its price and whom it belongs to."""

    meter: str
    quantity: Quantity
    labels: Labels = field(default_factory=dict)

"""How sure a share of runs is: the exact interval of Clopper and Pearson (Biometrika 26, 1934)."""

from collections.abc import Callable
from math import comb

__all__ = ["clopper_pearson"]


def clopper_pearson(hits: int, runs: int, confidence: float = 0.95) -> tuple[float, float]:
    """The two-sided interval of a probability of which `hits` of `runs` were seen.

    Example:
        >>> [round(end, 4) for end in clopper_pearson(0, 300)]
        [0.0, 0.0122]
    """
    rest = (1 - confidence) / 2
    low = 0.0 if hits == 0 else _solve(lambda chance: 1 - _below(hits - 1, runs, chance), rest)
    high = 1.0 if hits == runs else 1 - _solve(lambda chance: 1 - _below(runs - hits - 1, runs, chance), rest)
    return low, high


def _below(hits: int, runs: int, chance: float) -> float:
    """The probability of at most `hits`."""
    return sum(comb(runs, number) * chance**number * (1 - chance) ** (runs - number) for number in range(hits + 1))


def _solve(rises: Callable[[float], float], wanted: float) -> float:
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if rises(middle) < wanted else (low, middle)
    return (low + high) / 2

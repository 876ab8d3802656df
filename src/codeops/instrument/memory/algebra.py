"""The little linear algebra that a fit of a few routes needs, without a library in the user's process."""

from collections.abc import Sequence
from math import sqrt
from operator import mul

__all__ = ["inverse_diagonal", "non_negative"]

Matrix = Sequence[Sequence[float]]

_RIDGE = 1e-6
"""Added to the diagonal, so that columns that are sums of each other get a very large value and spoil no other."""


def inverse_diagonal(matrix: Matrix) -> list[float]:
    """The diagonal of the inverse of a correlation matrix; about a million for columns that determine each other.

    Example:
        >>> [round(value, 3) for value in inverse_diagonal([[1.0, 0.5, 0.0], [0.5, 1.0, 0.0], [0.0, 0.0, 1.0]])]
        [1.333, 1.333, 1.0]
    """
    lower = _cholesky(matrix)
    diagonal: list[float] = []
    for index in range(len(matrix)):  # column `index` of the inverse of the lower factor, whose square is wanted
        column = [0.0] * len(matrix)
        for row in range(index, len(matrix)):
            above = sum(map(mul, lower[row][index:row], column[index:row]))
            column[row] = ((1.0 if row == index else 0.0) - above) / lower[row][row]
        diagonal.append(sum(map(mul, column, column)))
    return diagonal


def non_negative(matrix: Matrix, right: Sequence[float], rounds: int = 500) -> list[float]:
    """The non-negative x that minimises xᵀAx / 2 - bᵀx for a symmetric positive A with a diagonal of ones.

    One coordinate after the other is set to its best value; for a convex function of this form that converges to the
    minimum. Source: V. Franc, V. Hlaváč, M. Navara, Sequential coordinate-wise algorithm for the non-negative least
    squares problem, CAIP 2005.

    Example:
        >>> non_negative([[1.0, 0.0], [0.0, 1.0]], [2.0, -3.0])
        [2.0, 0.0]
    """
    found = [0.0] * len(right)
    rest = list(right)  # b - A x
    precise = 1e-9 * max(map(abs, right), default=0.0)
    for _ in range(rounds):
        moved = 0.0
        for index, row in enumerate(matrix):
            step = max(0.0, found[index] + rest[index]) - found[index]
            if step:
                found[index] += step
                rest = [value - step * factor for value, factor in zip(rest, row, strict=True)]
                moved = max(moved, abs(step))
        if moved <= precise:
            break
    return found


def _cholesky(matrix: Matrix) -> list[list[float]]:
    """The lower factor of the matrix with the ridge on its diagonal."""
    lower: list[list[float]] = []
    for row in matrix:
        built: list[float] = []
        for above in lower:
            built.append((row[len(built)] - sum(map(mul, built, above))) / above[-1])
        left = row[len(built)] - sum(map(mul, built, built))
        built.append(sqrt(max(left, 0.0) + _RIDGE))
        lower.append(built)
    return lower

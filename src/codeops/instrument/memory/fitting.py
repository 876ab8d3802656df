"""What one request of each route holds, from how resident memory went up and down with the requests in flight.

The model is `resident = retained + drift · time + Σ n_r · m_r + noise`, where n_r requests of route r are in flight:
non-negative least squares over the samples of a sliding window. The drift is a leak, or a cache that fills.
A route is believed only if the samples can tell: it was in flight in enough of them, it can be told apart from the
others, and its m_r is certain enough. All others are taken together as one route, so that what they hold is not put
on those that are believed.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import repeat
from math import inf, sqrt
from operator import mul, sub

from codeops.instrument.memory.algebra import inverse_diagonal, non_negative
from codeops.instrument.memory.allocation import OTHER, Weights

__all__ = ["SAMPLES_MIN", "Sample", "fit"]

Sample = tuple[int, tuple[tuple[str, int], ...]]
"""Resident bytes at a moment, and how many requests of each route were in flight then."""

SAMPLES_MIN = 20
"""A route counts by itself when it was in flight in so many samples."""

_COLUMNS_MAX = 24
"""Routes fitted by themselves, the busiest: a fit of more takes longer than 10 ms."""

_INFLATION_MAX = 10.0
"""A route whose counts the others' explain to more than 90 % cannot be told apart from them.

This is the variance inflation factor 1 / (1 - R²), the diagonal of the inverse correlation matrix.
Source: D. W. Marquardt, Generalized inverses, ridge regression, biased linear estimation, and nonlinear estimation,
Technometrics 12(3), 1970, who takes 10 for the limit."""

_ERROR_MAX = 0.25
"""The largest standard error of m_r that is believed, as a part of m_r or of what the average request holds."""

_ROUNDS_MAX = 4
"""How often routes that are not believed are put together with the others before nobody is believed."""

_ROUNDING = 1e-6
"""A sum of squares below is that of a column that only follows the trend."""

_WEIGHT_MIN = 1e-6
"""The least weight, as a part of the average: somebody in flight has to have what is there."""


@dataclass(slots=True)
class _Series:
    """Values at the samples, less their mean and trend; what the trend says at the last sample."""

    rest: list[float]
    square: float
    mean: float
    last: float


@dataclass(slots=True)
class _Column:
    """A route's counts, and what is found of it."""

    name: str
    counts: _Series
    samples: int
    inflation: float = inf
    bytes_each: float = 0.0
    error_bytes: float = inf


def fit(samples: Sequence[Sample], baseline_bytes: int) -> Weights | None:
    """What a request of each route holds, in bytes; None when the samples tell of no route by itself."""
    seen = Counter(name for _, counts in samples for name, _ in counts)
    own = [name for name, times in seen.most_common() if times >= SAMPLES_MIN and name != OTHER][:_COLUMNS_MAX]
    if not own:
        return None
    resident = _series([float(size) for size, _ in samples])
    products: dict[tuple[str, str], float] = {}
    for _ in range(_ROUNDS_MAX):
        columns = _columns(samples, own)
        average = _solved(columns, resident, products)
        certain = {column.name for column in columns if column.error_bytes <= _ERROR_MAX * max(average, column.bytes_each)}
        distinct = {column.name for column in columns if column.inflation <= _INFLATION_MAX}
        believed = [name for name in own if name in certain & distinct]
        if not believed:
            return None
        if len(believed) == len(own):
            return _weights(columns, set(own), average, resident.last - baseline_bytes)
        # Routes that cannot be told apart make others uncertain: they go first.
        own = believed if distinct.issuperset(own) else [name for name in own if name in distinct]
    return None


def _columns(samples: Sequence[Sample], own: Iterable[str]) -> list[_Column]:
    """One column for each own route, and one for all others together; a constant one says no more than the mean does."""
    names = {name: [0.0] * len(samples) for name in (*own, OTHER)}
    for index, (_, counts) in enumerate(samples):
        for name, count in counts:
            names[name if name in names else OTHER][index] += count
    found = [_Column(name, _series(values), sum(map(bool, values))) for name, values in names.items()]
    return [column for column in found if column.counts.square > _ROUNDING]


def _series(values: list[float]) -> _Series:
    size = len(values)
    mean = sum(values) / size
    times = [index - (size - 1) / 2 for index in range(size)]
    slope = _dot(values, times) / _dot(times, times)
    rest = [value - mean - slope * time for value, time in zip(values, times, strict=True)]
    return _Series(rest, _dot(rest, rest), mean, mean + slope * times[-1])


def _solved(columns: list[_Column], resident: _Series, products: dict[tuple[str, str], float]) -> float:
    """Fills in what each column holds and how certain that is; the bytes of the average request."""
    correlation = _correlations(columns, products)
    slopes = non_negative(correlation, [_dot(column.counts.rest, resident.rest) / sqrt(column.counts.square) for column in columns])
    left = resident.rest
    for column, slope, inflation in zip(columns, slopes, inverse_diagonal(correlation), strict=True):
        column.inflation = inflation
        column.bytes_each = slope / sqrt(column.counts.square)
        if column.bytes_each:
            left = list(map(sub, left, map(mul, column.counts.rest, repeat(column.bytes_each))))
    _judge(columns, left)
    requests = sum(column.counts.mean for column in columns)
    return sum(column.bytes_each * column.counts.mean for column in columns) / requests if requests else 0.0


def _correlations(columns: list[_Column], products: dict[tuple[str, str], float]) -> list[list[float]]:
    """How alike the counts of each two columns are; `products` are kept from round to round, except the others' own."""
    size = len(columns)
    matrix = [[1.0] * size for _ in columns]
    for row in range(size):
        for column in range(row):
            one, two = columns[row], columns[column]
            key = (one.name, two.name)
            product = products.get(key) if OTHER not in key else None
            if product is None:
                product = products[key] = _dot(one.counts.rest, two.counts.rest)
            matrix[row][column] = matrix[column][row] = product / sqrt(one.counts.square * two.counts.square)
    return matrix


def _judge(columns: list[_Column], left: list[float]) -> None:
    """Standard errors, from what the fit leaves unexplained.

    Requests that last longer than a sample, and memory that drifts, make neighbouring samples alike, and fewer of
    them count: with lag-1 correlations a of the counts and b of the rest, the variance is (1 + ab) / (1 - ab) times
    as large. Source: M. S. Bartlett, Some aspects of the time-correlation problem in regard to tests of
    significance, Journal of the Royal Statistical Society 98(3), 1935.
    """
    freedom = len(left) - len(columns) - 2
    square = _dot(left, left)
    if freedom <= 0:
        return
    drift = _lag_1(left, square)
    for column in columns:
        alike = max(0.0, drift * _lag_1(column.counts.rest, column.counts.square))
        longer = (1.0 + alike) / (1.0 - alike) if alike < 1.0 else inf
        column.error_bytes = sqrt(square / freedom * column.inflation / column.counts.square * longer)


def _weights(columns: list[_Column], own: set[str], average: float, above_baseline: float) -> Weights:
    least = _WEIGHT_MIN * average
    other = average
    for column in columns:
        if column.name == OTHER and column.samples >= SAMPLES_MIN and column.error_bytes <= _ERROR_MAX * max(average, column.bytes_each):
            other = column.bytes_each
    held = sum(column.bytes_each * column.counts.last for column in columns)
    return Weights(
        of_route={column.name: max(column.bytes_each, least) for column in columns if column.name in own},
        other=max(other, least),
        average=average,
        retained=max(0.0, above_baseline - held),
    )


def _dot(left: Sequence[float], right: Sequence[float]) -> float:
    total: float = sum(map(mul, left, right))
    return total


def _lag_1(values: Sequence[float], square: float) -> float:
    """How alike neighbours are, from -1 to 1."""
    return _dot(values[:-1], values[1:]) / square if square else 0.0

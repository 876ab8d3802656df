"""Conversion: a price book in the simple form, written in the full form."""

from pathlib import Path

from codeops.core.errors import InvalidValue
from codeops.core.location import Location
from codeops.prices import cloud, suspicion
from codeops.prices.book import load_file
from codeops.prices.form import FullFile
from codeops.prices.writing import render

__all__ = ["convert"]


def convert(path: str) -> str:
    """The full form, as TOML, of the price book in the simple form at `path`; what is suspicious is marked with a comment.

    Raises: FileError, PriceError; InvalidValue when the file is in the full form already.
    """
    file = load_file(path)
    if isinstance(file.content, FullFile):
        raise InvalidValue(
            f"{path} is in the full form already",
            why="it has version and currency at its top; the simple form has meta, compute, storage, network, platform",
            fix="use it as it is",
            location=Location(path, 1),
        )
    prices = file.prices(0, cloud.reference)
    doubts = [*suspicion.of_prices(prices, cloud.reference), *file.doubts()]
    return render(file.version, file.currency, prices, file.multipliers(), source=f"converted from {Path(path).name}", doubts=doubts)

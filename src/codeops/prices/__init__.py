"""Prices: a user's price book and the packaged ones it extends, read, checked, explained, converted."""

from codeops.prices.answer import Explanation, explain, labels_of, listing
from codeops.prices.book import clouds, load
from codeops.prices.checkup import check
from codeops.prices.cloud import assumptions
from codeops.prices.conversion import convert
from codeops.prices.form import schema
from codeops.prices.opencost import import_opencost_csv

__all__ = [
    "Explanation",
    "assumptions",
    "check",
    "clouds",
    "convert",
    "explain",
    "import_opencost_csv",
    "labels_of",
    "listing",
    "load",
    "schema",
]

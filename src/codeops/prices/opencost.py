"""OpenCost's CSV price list: what its columns mean, as entries of a price book.

Source: https://www.opencost.io/docs and the schemas `configs/pricing_schema*.csv` of opencost/opencost, read 2026-11.
EndTimestamp and Version are not used by OpenCost either. A price is per hour: of a node, of a GiB of a volume (`pv`),
of one GPU. InstanceIDField says what InstanceID is: a field or label of the Kubernetes object.
"""

import csv
import io
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import groupby

from codeops.core.errors import DuplicateKey, InvalidPrice, InvalidValue, MalformedFile
from codeops.core.location import Location
from codeops.core.money import Quantity
from codeops.core.price import Price, Tier
from codeops.core.selector import Selector
from codeops.core.unit import EXACT
from codeops.prices.writing import render

__all__ = ["import_opencost_csv"]

_COLUMNS = ("EndTimestamp", "InstanceID", "Region", "AssetClass", "InstanceIDField", "InstanceType", "MarketPriceHourly", "Version")
_METERS = {"node": ("node.instance", "h"), "pv": ("storage.volume", "GiB.h"), "gpu": ("gpu.time", "GPU.h")}
_FIELDS = {
    "spec.providerid": "provider_id",
    "spec.storageclassname": "storage_class",
    "spec.capacity.storage": "capacity",
    "node.kubernetes.io/instance-type": "instance_type",
    "beta.kubernetes.io/instance-type": "instance_type",
    "topology.kubernetes.io/region": "region",
}
_NAMES = {"node": "node", "pv": "volume", "gpu": "node"}


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of the list; `labels` select exactly what it is for."""

    line: int
    asset: str
    labels: tuple[tuple[str, str], ...]
    price: Decimal


def import_opencost_csv(text: str, path: str, *, currency: str = "USD") -> str:
    """The price book, in TOML, of a price list in OpenCost's CSV; `path` names it in sources and errors.

    An entry for an instance id carries its instance type too, and so goes before the entry for the type alone,
    which has the mean price of its rows, as OpenCost reckons. Node prices are not split into CPU and memory.

    Raises: MalformedFile, InvalidValue, InvalidPrice, DuplicateKey; all with the line.
    """
    exact: dict[tuple[str, tuple[tuple[str, str], ...]], _Row] = {}
    by_type: list[_Row] = []
    for record, line in _records(text, path):
        row, kind = _row(record, Location(path, line))
        if kind:
            by_type.append(_Row(line, row.asset, kind, row.price))
        if row.labels == kind:
            continue
        earlier = exact.setdefault((row.asset, row.labels), row)
        if earlier.price != row.price:
            raise DuplicateKey(
                f"{record['instanceid']} has two prices",
                why=f"line {earlier.line} says {earlier.price} and line {line} says {row.price}",
                fix="remove the row that no longer holds",
                location=Location(path, line),
            )
    rows = [*exact.values(), *_means(by_type)]
    prices = [_price(row, currency, Location(path, row.line)) for row in sorted(rows, key=lambda row: row.line)]
    return render("imported", currency, prices, source=f"imported from {path}")


def _records(text: str, path: str) -> list[tuple[dict[str, str], int]]:
    rows = _rows(text, path)
    if len(rows) < 2:
        raise MalformedFile(
            "the file has no prices", why="no row follows a header", fix="name OpenCost's price list", location=Location(path)
        )
    header = _header(rows[0][0], Location(path, rows[0][1]))
    for cells, line in rows:
        if len(cells) != len(header):
            raise MalformedFile(
                f"a row has {len(cells)} columns",
                why=f"the header has {len(header)}",
                fix="add or remove commas",
                location=Location(path, line),
            )
    return [(dict(zip(header, cells, strict=True)), line) for cells, line in rows[1:]]


def _rows(text: str, path: str) -> list[tuple[list[str], int]]:
    """The cells of each row that is neither empty nor a comment, with its line."""
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    try:
        rows = [([cell.strip() for cell in cells], reader.line_num) for cells in reader]
    except csv.Error as problem:
        raise MalformedFile(
            "the file is not CSV",
            why=str(problem),
            fix="quote cells in double quotes",
            location=Location(path, reader.line_num),
        ) from problem
    return [(cells, line) for cells, line in rows if any(cells) and not cells[0].startswith("#")]


def _header(cells: list[str], place: Location) -> list[str]:
    header = [cell.lower() for cell in cells]
    missing = [column for column in _COLUMNS[1:-1] if column.lower() not in header]
    if missing:
        raise MalformedFile(
            f"the header has no {', '.join(missing)}",
            why=f"it reads {', '.join(cells)}",
            fix=f"write the header {','.join(_COLUMNS)}",
            location=place,
        )
    return header


def _row(record: dict[str, str], place: Location) -> tuple[_Row, tuple[tuple[str, str], ...]]:
    """A row, and the labels of its instance type and region alone; those are empty without a type."""
    asset = record["assetclass"].lower()
    if asset not in _METERS:
        raise InvalidValue(
            f"asset class {record['assetclass']!r} is not known",
            why=f"known are {', '.join(_METERS)}",
            fix="correct or remove the row",
            location=place,
        )
    region = {"region": record["region"]} if record["region"] else {}
    kind = {"instance_type": record["instancetype"], **region} if record["instancetype"] and asset == "node" else {}
    labels = {**kind, **region}
    if record["instanceid"]:
        labels[_label(record["instanceidfield"], asset, place)] = record["instanceid"]
    if not labels:
        raise InvalidValue(
            "the row is for nothing in particular",
            why="InstanceID, Region and InstanceType are empty",
            fix="fill in one of them",
            location=place,
        )
    return _Row(place.line, asset, tuple(sorted(labels.items())), _hourly(record["marketpricehourly"], place)), tuple(sorted(kind.items()))


def _label(field: str, asset: str, place: Location) -> str:
    for prefix in ("metadata.labels.", "metadata.annotations."):
        if field.lower().startswith(prefix) and len(field) > len(prefix):
            name = field[len(prefix) :]
            return _FIELDS.get(name.lower(), name)
    if field.lower() == "metadata.name":
        return _NAMES[asset]
    if field.lower() in _FIELDS:
        return _FIELDS[field.lower()]
    if asset == "gpu" and field:
        return field
    raise InvalidValue(
        f"InstanceIDField {field!r} is not known" if field else "InstanceIDField is empty",
        why="it says what InstanceID is: spec.providerID, metadata.name, metadata.labels.…, spec.storageClassName",
        fix="write one of these",
        location=place,
    )


def _hourly(written: str, place: Location) -> Decimal:
    try:
        price = Decimal(written)
    except InvalidOperation:
        price = Decimal("NaN")
    if not price.is_finite() or price < 0:
        raise InvalidPrice(
            f"the price {written!r} cannot be used" if written else "the price is missing",
            why="MarketPriceHourly is a number from zero up, with a point",
            fix="correct or remove the row",
            location=place,
        )
    return price


def _means(rows: list[_Row]) -> list[_Row]:
    """One row for each instance type and region, at the mean price of all its rows."""
    found = []
    for _, group in groupby(sorted(rows, key=lambda row: (row.labels, row.line)), key=lambda row: row.labels):
        same = list(group)
        total = sum((row.price for row in same), Decimal(0))
        found.append(_Row(same[0].line, same[0].asset, same[0].labels, EXACT.divide(total, Decimal(len(same)))))
    return found


def _price(row: _Row, currency: str, place: Location) -> Price:
    meter, per = _METERS[row.asset]
    return Price(
        meter=meter, per=Quantity.parse(per), tiers=(Tier(row.price),), currency=currency, when=Selector.of(dict(row.labels)), origin=place
    )

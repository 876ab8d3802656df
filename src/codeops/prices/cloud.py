"""Packaged prices: one folder for each cloud, one file for each of its services, found by name."""

import re
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path

from codeops.core.errors import BrokenPlugin
from codeops.core.location import Location
from codeops.core.meter import CPU
from codeops.core.price import Price
from codeops.document import decode, parse, read
from codeops.prices.form import CloudFile
from codeops.prices.full import packaged_prices_of

__all__ = ["GROUP", "assumptions", "files", "folder", "meters", "names", "prices_of", "reference", "title"]

GROUP = "codeops.prices.data"
"""The entry points by which third parties add clouds: name of the cloud = package that holds its TOML files."""

_DATA = Path(__file__).parent / "data"
_HEADER = re.compile(r"^\[\[price\]\]", re.MULTILINE)
_METER = re.compile(r'^meter\s*=\s*"([^"]+)"', re.MULTILINE)


def names() -> list[str]:
    """The clouds with packaged prices, sorted."""
    own = {path.name for path in _DATA.iterdir() if path.is_dir() and any(path.glob("*.toml"))}
    return sorted(own | {entry.name for entry in entry_points(group=GROUP)})


def folder(cloud: str) -> Path | None:
    """Where the price files of `cloud` are; None when there is no such cloud.

    Raises: BrokenPlugin.
    """
    own = _DATA / cloud
    if cloud.isidentifier() and own.is_dir():
        return own
    entry = next(iter(entry_points(group=GROUP, name=cloud)), None)
    return _foreign_folder(entry) if entry else None


def _foreign_folder(entry: EntryPoint) -> Path:
    try:
        spec = find_spec(entry.value)
    except ImportError:
        spec = None
    places = list(spec.submodule_search_locations or []) if spec else []
    if not places:
        raise BrokenPlugin(
            f"the prices of {entry.name} cannot be found",
            why=f"the entry point names {entry.value}, which is not an importable package",
            fix="repair or remove the plug-in",
        )
    return Path(places[0])


def files(cloud: str) -> list[Path]:
    """The price files of `cloud`, sorted by name."""
    place = folder(cloud)
    return sorted(place.glob("*.toml")) if place else []


def title(path: Path) -> str:
    """A packaged file as users know it: `prices/data/aws/s3.toml`."""
    return f"prices/data/{path.parent.name}/{path.name}" if _DATA in path.parents else f"{path.parent.name}/{path.name}"


def prices_of(cloud: str, *, layer: int = 1, assume_provider: bool = True) -> list[Price]:
    """All prices of `cloud`, for usage labelled provider=`cloud`, or not labelled when `assume_provider`.

    Raises: FileError, UnitError, PriceError for a broken file.
    """
    return [price for path in files(cloud) for price in _file(path, cloud, layer=layer, assume_provider=assume_provider)]


def assumptions(cloud: str) -> dict[str, str]:
    """The labels that the CPU price of `cloud` takes for granted: where, on what, and how it is bought."""
    found = [
        dict(price.assume) for path in files(cloud) for price in _file(path, cloud, layer=1, assume_provider=False) if price.meter == CPU
    ]
    return next((labels for labels in found if {"region", "platform"} <= labels.keys()), {})


def meters(cloud: str) -> set[str]:
    """The meters that `cloud` prices, read without parsing its files."""
    return {meter for path in files(cloud) for meter in _METER.findall(path.read_text(encoding="utf-8"))}


@lru_cache(maxsize=64)
def reference(meter: str) -> tuple[Price, ...]:
    """The public prices of a cloud's own meter: those of `aws.s3.get` are in the folder aws, file s3.toml."""
    cloud, _, rest = meter.partition(".")
    service = rest.partition(".")[0]
    path = _DATA / cloud / f"{service}.toml"
    if not (cloud.isidentifier() and service.isidentifier() and path.is_file()):
        return ()
    return tuple(price for price in _file(path, cloud, layer=1, assume_provider=True) if price.meter == meter)


def _file(path: Path, cloud: str, *, layer: int, assume_provider: bool) -> list[Price]:
    text = read(str(path))
    source = parse(text, title(path))
    content = decode(source, CloudFile)
    starts = [match.start() for match in _HEADER.finditer(text)]
    if len(starts) == len(content.price):  # as good as always, and many times faster than a scan for every key
        lines, line, before = [], 1, 0
        for start in starts:
            line += text.count("\n", before, start)
            before = start
            lines.append(Location(source.path, line, 1))
    else:
        lines = [source.locate("price", index) for index in range(len(content.price))]
    return packaged_prices_of(content, cloud, layer=layer, assume_provider=assume_provider, origins=lines)

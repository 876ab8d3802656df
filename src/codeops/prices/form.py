"""The forms of price files: the full form and the simple form that users write, and the form of packaged prices."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from codeops.document.schema import publish

__all__ = [
    "CloudFile",
    "Compute",
    "Example",
    "ExampleUsage",
    "FullFile",
    "MultiplierEntry",
    "Network",
    "Platform",
    "PriceEntry",
    "SimpleFile",
    "SimpleMeta",
    "Storage",
    "TierEntry",
    "is_simple",
    "schema",
]

_When = Annotated[
    dict[str, str | Annotated[list[str], Meta(min_length=1)]],
    Meta(description="Labels that usage must carry, each with one value or a list of values. The entry with the most labels wins."),
]
_From = Annotated[date | None, Meta(description="First day on which it holds.")]
_To = Annotated[date | None, Meta(description="First day on which it no longer holds.")]
_Source = Annotated[str, Meta(description="Who says so: a page, a contract, a calculation.")]
_Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$", description="Three letters of ISO 4217, for example USD.")]
_Schema = Annotated[str, Meta(description="The JSON Schema of this file, for editors.")]


class _Table(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A table of a file: a key that it does not know is refused."""


class TierEntry(_Table, frozen=True):
    """A step of a price by volume: for so many a month, each costs so much."""

    price: Annotated[Decimal, Meta(description="Price of one `per` within this tier.")]
    up_to: Annotated[Decimal | None, Meta(description="Amount a month at which the tier ends, in the unit of `per`; none in the last.")] = (
        None
    )


class PriceEntry(_Table, frozen=True):
    """What a unit of a meter costs."""

    meter: Annotated[str, Meta(description="What is consumed, for example compute.cpu or aws.s3.get.")]
    per: Annotated[str, Meta(description='An optional amount and a unit: "vCPU.h", "1000 {request}", "GiB", "GiB.mo", "1000000 {token}".')]
    price: Annotated[Decimal | None, Meta(description="Price of one `per`; best in quotes.")] = None
    tiers: Annotated[list[TierEntry], Meta(description="In place of `price`, where it depends on the volume of a month.")] = []
    when: _When = {}
    valid_from: _From = None
    valid_to: _To = None
    source: _Source = ""
    note: Annotated[str, Meta(description="Anything that a reader should know; why an old price still holds.")] = ""


class MultiplierEntry(_Table, frozen=True):
    """A named factor on prices: overhead, a negotiated discount."""

    name: Annotated[str, Meta(description="Shown where the factor was applied. It replaces those of this name in extended books.")]
    factor: Annotated[Decimal, Meta(description="1.08 adds 8 %, 0.9 takes 10 % off.")]
    meters: Annotated[list[str], Meta(description='Meters it applies to; patterns such as "compute.*"; all if left out.')] = []
    when: _When = {}
    valid_from: _From = None
    valid_to: _To = None
    source: _Source = ""


class FullFile(_Table, frozen=True):
    """A price book: your own prices, and the ones it extends."""

    version: Annotated[str, Meta(min_length=1, description='Shown beside every cost, for example "2026-11-01".')]
    currency: _Currency
    extends: Annotated[
        list[str], Meta(description='Prices to start from: clouds such as "aws", "llm", or paths of other price books.')
    ] = []
    price: list[PriceEntry] = []
    multiplier: list[MultiplierEntry] = []
    schema_: _Schema = msgspec.field(name="$schema", default="")


class SimpleMeta(_Table, frozen=True):
    """Version and currency of a simple price book."""

    version: str = "unversioned"
    currency: _Currency = "USD"


class Compute(_Table, frozen=True):
    """What processors and memory cost."""

    vcpu_hour: Annotated[Decimal | None, Meta(description="Price of a vCPU for an hour.")] = None
    mem_gib_hour: Annotated[Decimal | None, Meta(description="Price of a GiB of memory for an hour.")] = None


class Storage(_Table, frozen=True):
    """What object storage costs."""

    s3_get: Annotated[Decimal | None, Meta(description="Price of ONE GET request; public prices are per 1,000.")] = None
    s3_put: Annotated[Decimal | None, Meta(description="Price of ONE PUT request; public prices are per 1,000.")] = None
    s3_gib_month: Annotated[Decimal | None, Meta(description="Price of a GiB for a month.")] = None


class Network(_Table, frozen=True):
    """What traffic costs."""

    egress_gib: Annotated[Decimal | None, Meta(description="Price of a GiB out to the internet.")] = None


class Platform(_Table, frozen=True):
    """What the platform adds."""

    container_overhead_pct: Annotated[Decimal | None, Meta(description="Percent added to compute prices: 8 means 8 %.")] = None


class SimpleFile(_Table, frozen=True):
    """A price book in the simple form: one price for each of the most common meters."""

    meta: SimpleMeta = SimpleMeta()
    compute: Compute = Compute()
    storage: Storage = Storage()
    network: Network = Network()
    platform: Platform = Platform()
    schema_: _Schema = msgspec.field(name="$schema", default="")


class ExampleUsage(_Table, frozen=True):
    """One line of a worked example."""

    meter: str
    amount: Decimal
    unit: str
    labels: dict[str, str] = {}


class Example(_Table, frozen=True):
    """A worked example that a test reproduces to the last digit of `cost`."""

    text: str
    source: str
    usage: list[ExampleUsage]
    cost: Decimal


class CloudFile(_Table, frozen=True):
    """A packaged price file: one service of one cloud."""

    title: str
    source: str
    retrieved: date
    currency: _Currency
    assume: dict[str, str] = {}
    notes: str = ""
    price: list[PriceEntry] = []
    example: list[Example] = []


def is_simple(data: dict[str, object]) -> bool:
    """Whether a price book has the shape of the simple form."""
    full = {field.encode_name for field in msgspec.structs.fields(FullFile)}
    simple = {field.encode_name for field in msgspec.structs.fields(SimpleFile)}
    return bool(data.keys() & (simple - full)) and not data.keys() & (full - simple)


def schema() -> dict[str, Any]:
    """The JSON Schema of a price book, in either form, so that editors complete it."""
    (full, simple), definitions = msgspec.json.schema_components((FullFile, SimpleFile), ref_template="#/$defs/{name}")
    return publish({"anyOf": [full, simple], "$defs": definitions}, "CodeOps price book", {"type": ["string", "number"]})

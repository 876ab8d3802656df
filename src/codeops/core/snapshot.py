"""Snapshots: what was measured of each route and job, as it is written to `cost/*.json`.

History of the schema:
- 1 (0.1.0): routes with the simple fields, and `usage` with sample count, mean, spread and call sites.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

__all__ = ["SNAPSHOT_SCHEMA", "Environment", "MeterUsage", "PriceBookRef", "RouteUsage", "Site", "Snapshot", "SnapshotMeta"]

SNAPSHOT_SCHEMA = 1
"""The newest version of the schema; readers accept all older ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A line of the user's code, or a span of a service that names none, and how much of a meter it consumed per request.

    Units: `amount` in the unit of the meter, mean over the requests measured; `line` counts from 1. A span has no `file`, line 0, and its
    name as `function`.
    `error` is the standard error of an amount that a profile found, in the same unit; 0 where every call was counted.
    """

    file: str
    line: int
    amount: Decimal
    function: str = ""
    code: str = ""
    error: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterUsage:
    """Usage of one meter, under one set of labels, per request (or per call of a job).

    Units: `mean`, `sd` (standard deviation between samples) in `unit`; `samples` counts the values behind the mean.
    `exact` claims that every request consumed the same amount, so that a difference is a difference.
    `low` is the least of the samples, in `unit`: what a busy machine adds to CPU time is not in it.
    `allocated` says that the amount is a share of something held in common (memory), an upper bound.
    `cost` is what the mean cost at the price book of the measurement, None when it had no price.
    """

    meter: str
    unit: str
    mean: Decimal
    samples: int = 1
    sd: Decimal = Decimal(0)
    exact: bool = True
    allocated: bool = False
    low: Decimal | None = None
    cost: Decimal | None = None
    labels: dict[str, str] = field(default_factory=dict)
    sites: tuple[Site, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteUsage:
    """One route or job. The simple form holds the first four fields only, and `usage` is then empty.

    Units: per request: `cpu_s` seconds, `egress_bytes` bytes, `s3_gets` requests, `cost_usd` US dollars.
    `cost` stands in place of `cost_usd` when the price book has another currency (see `PriceBookRef.currency`).
    A job's `units` are how many of `unit` (`GB`, `record`) one call works through.
    """

    cpu_s: Decimal | None = None
    egress_bytes: Decimal | None = None
    s3_gets: Decimal | None = None
    cost_usd: Decimal | None = None
    cost: Decimal | None = None
    kind: str = "route"
    unit: str = ""
    units: Decimal | None = None
    samples: int = 0
    usage: tuple[MeterUsage, ...] = ()

    @property
    def recorded_cost(self) -> Decimal | None:
        """What the measurement itself said one request cost, in the snapshot's currency."""
        return self.cost_usd if self.cost_usd is not None else self.cost

    @property
    def is_simple(self) -> bool:
        """Whether only the summary fields are there."""
        return not self.usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """The fingerprint of where a measurement was made; CPU figures compare only where all of it is equal.

    Units: `cpus` logical processors usable, `cpu_limit` in vCPU (None: no limit found), `memory_limit_bytes` likewise.
    `memory` is how it was told: `peak`, the most that was held, or `average`.
    """

    cpu_model: str = ""
    cpus: int = 0
    python: str = ""
    python_build: str = ""
    libc: str = ""
    kernel: str = ""
    machine: str = ""
    cpu_limit: Decimal | None = None
    memory_limit_bytes: int | None = None
    memory: str = "peak"

    def difference(self, other: "Environment") -> str:
        """The first thing in which two environments differ, for people; empty when they are the same."""
        for name in self.__dataclass_fields__:
            mine, theirs = getattr(self, name), getattr(other, name)
            if mine != theirs:
                return f"{name.replace('_', ' ')} is {mine or 'not known'}, was {theirs or 'not known'}"
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceBookRef:
    """Which prices were used: the version people read, and the digest of the content."""

    version: str
    digest: str = ""
    currency: str = "USD"


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotMeta:
    """Where a snapshot comes from. Every field may be absent in the simple form.

    Units: `created_at` is ISO 8601 in UTC; `git_sha` the full commit id, `dirty` if the tree had changes.
    `labels` are the configured ones (region, pricing tier, …) that price every usage in the snapshot.
    """

    schema: int = SNAPSHOT_SCHEMA
    git_sha: str = ""
    dirty: bool = False
    created_at: str = ""
    codeops: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    pricebook: PriceBookRef | None = None
    environment: Environment | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Routes and jobs by name, with where and when they were measured."""

    meta: SnapshotMeta = field(default_factory=SnapshotMeta)
    routes: Mapping[str, RouteUsage] = field(default_factory=dict)

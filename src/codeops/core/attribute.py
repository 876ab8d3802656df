"""The attributes that CodeOps puts on OpenTelemetry spans, resources and metrics; `docs/attributes.md` is made from this.

History of the registry: 1 (2026-11) first version.
Existing attributes (`gen_ai.usage.*`, `aws.*`, `http.*`, `k8s.*`) are read and never renamed.
"""

from dataclasses import dataclass

__all__ = [
    "ATTRIBUTES",
    "CACHE_HIT",
    "COST_ALLOCATION",
    "COST_CURRENCY",
    "COST_METER",
    "COST_METER_UNIT",
    "COST_PRICEBOOK",
    "COST_REQUEST",
    "COST_REQUEST_NANO",
    "COST_ROOT",
    "COST_SELF",
    "COST_UNIT",
    "COST_UNITS",
    "COST_UNPRICED",
    "FLAG_KEY",
    "FLAG_VARIANT",
    "GEN_AI_AMOUNT",
    "GEN_AI_CURRENCY",
    "LABELS",
    "METRICS",
    "METRIC_COST",
    "METRIC_LEDGER_ERROR",
    "METRIC_REQUESTS",
    "METRIC_UNPRICED",
    "METRIC_USAGE",
    "MISSING",
    "OTHER",
    "ROUTE",
    "TENANT",
    "USAGE",
    "Attribute",
    "Metric",
]


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute: where it stands, its type and unit, and what it means."""

    name: str
    on: str
    type: str
    unit: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: whether it is a counter or a gauge, its unit, the attributes of its data points, and what it means."""

    name: str
    kind: str
    unit: str
    by: tuple[str, ...]
    meaning: str


USAGE = "cost.usage."
"""What is consumed, by meter: `cost.usage.compute.cpu` = 0.0123 (vCPU-seconds)."""

COST_SELF = "cost.self"
"""Cost of what the span itself consumed, in currency units: 0.0000012."""

COST_REQUEST = "cost.request"
"""Cost of the local root span and all below it in this process, in currency units."""

COST_REQUEST_NANO = "cost.request.nano"
"""The same in 10^-9 currency units, an integer: 1200."""

COST_UNPRICED = "cost.unpriced"
"""Meters consumed that have no price, joined by commas: `stripe.charge`."""

COST_ALLOCATION = "cost.allocation"
"""How `cost.usage.compute.memory` was shared: `fitted` or `equal`."""

COST_UNIT = "cost.unit"
"""What a job works through: `GB`."""

COST_UNITS = "cost.units"
"""How many of `cost.unit`: 12.5."""

COST_CURRENCY = "cost.currency"
"""ISO 4217: `USD`."""

COST_PRICEBOOK = "cost.pricebook"
"""Version of the price book: `2026-11-01`."""

COST_METER = "cost.meter"
"""The meter of a data point: `aws.s3.get`."""

COST_METER_UNIT = "cost.meter.unit"
"""The unit of a data point, UCUM: `vCPU.s`."""

COST_ROOT = "cost.root"
"""Name of the local root span that a data point belongs to: `GET /v1/report`."""

TENANT = "tenant.id"
"""Whose request it is: `acme`."""

ROUTE = "http.route"
"""The template of the path, as OpenTelemetry's HTTP conventions write it: `/v1/report/{account}`."""

CACHE_HIT = "cache_hit"
"""`true` while every cache that the request asked had the answer, `false` once one had not."""

FLAG_KEY = "feature_flag.key"
"""The flags evaluated for the request, sorted, joined by commas: `checkout-v2`."""

FLAG_VARIANT = "feature_flag.result.variant"
"""Their variants in the order of `feature_flag.key`, joined by commas: `on`."""

GEN_AI_AMOUNT = "gen_ai.usage.cost.amount"
"""Cost of the tokens of a model's span, in currency units: 0.0031."""

GEN_AI_CURRENCY = "gen_ai.usage.cost.currency"
"""ISO 4217: `USD`."""

MISSING = "(missing)"
"""The value of a required label that a request did not carry."""

OTHER = "other"
"""The value that stands for all label values past the bound."""

ATTRIBUTES: tuple[Attribute, ...] = (
    Attribute(
        f"{USAGE}<meter>",
        "span",
        "double or int",
        "the meter's unit",
        "self usage; absent when zero. Memory stands on local roots only, allocated",
    ),
    Attribute(COST_SELF, "span", "double", "currency units", "cost of the span's self usage; a lower bound where `cost.unpriced` is there"),
    Attribute(COST_REQUEST, "local root span", "double", "currency units", "inclusive cost of this process's part of the request"),
    Attribute(COST_REQUEST_NANO, "local root span", "int", "10^-9 currency units", "the same as an integer, for stores without doubles"),
    Attribute(COST_UNPRICED, "span", "string", "meters, joined by commas", "consumed and not priced: the costs beside it are lower bounds"),
    Attribute(COST_ALLOCATION, "local root span", "string", "", "how its memory was shared: `fitted` to what requests hold, or `equal`"),
    Attribute(COST_UNIT, "job span", "string", "", "unit of value: `GB`, `record`"),
    Attribute(COST_UNITS, "job span", "double", "`cost.unit`", "how many units the job worked through"),
    Attribute(COST_CURRENCY, "resource, metrics", "string", "ISO 4217", "currency of all costs"),
    Attribute(COST_PRICEBOOK, "resource", "string", "", "version of the price book"),
    Attribute(COST_METER, "metrics", "string", "", "which meter a data point counts"),
    Attribute(COST_METER_UNIT, "metrics", "string", "UCUM", "the unit it is counted in"),
    Attribute(COST_ROOT, "metrics", "string", "", "name of the local root span; `other` past the bound"),
    Attribute(TENANT, "span, metrics", "string", "", f"whose request it is; `{MISSING}` where required and not given"),
    Attribute(ROUTE, "metrics", "string", "", "the route of the local root, read from its span"),
    Attribute(CACHE_HIT, "span, metrics", "string", "", "`true` while every cache asked had the answer, `false` after a miss"),
    Attribute(FLAG_KEY, "span, metrics", "string", "flags, joined by commas", "feature flags evaluated for the request, sorted"),
    Attribute(FLAG_VARIANT, "span, metrics", "string", "variants, joined by commas", "their variants in the same order"),
    Attribute(GEN_AI_AMOUNT, "model span", "double", "currency units", "alias: cost of the span's `llm.*` usage"),
    Attribute(GEN_AI_CURRENCY, "model span", "string", "ISO 4217", "alias: its currency"),
)
"""Everything that CodeOps writes."""

METRIC_USAGE = "codeops.usage"
"""What was consumed, by meter: 12.5 with `cost.meter` = `compute.cpu`."""

METRIC_COST = "codeops.cost"
"""The same in money: 0.0031 with `cost.currency` = `USD`."""

METRIC_REQUESTS = "codeops.requests"
"""Local root spans that ended: 1200."""

METRIC_LEDGER_ERROR = "codeops.ledger.error"
"""CPU of the process that is in no span and no bucket, as a part of all, 0 to 1: 0.0004."""

METRIC_UNPRICED = "codeops.unpriced"
"""Meters that were consumed and have no price: 2."""

METRICS: tuple[Metric, ...] = (
    Metric(
        METRIC_USAGE,
        "counter",
        f"`{COST_METER_UNIT}`",
        (COST_METER, COST_METER_UNIT, COST_ROOT),
        "usage of all spans, sampled or not, and of the ledger's buckets, whose name is the root: the sum is what the process consumed",
    ),
    Metric(
        METRIC_COST,
        "counter",
        f"`{COST_CURRENCY}`",
        (COST_CURRENCY, COST_ROOT),
        "the same in money; what has no price is in the usage and not here",
    ),
    Metric(METRIC_REQUESTS, "counter", "`{request}`", (COST_ROOT,), "local root spans that ended"),
    Metric(
        METRIC_LEDGER_ERROR,
        "gauge",
        "1",
        (),
        "CPU of the process in no span and no bucket, as a part of all; the books balance below 0.005",
    ),
    Metric(METRIC_UNPRICED, "gauge", "`{meter}`", (), "meters that were consumed and have no price"),
)
"""Every metric that CodeOps reports; the counters carry the labels of the request as well."""

LABELS: dict[str, str] = {
    "route": ROUTE,
    "tenant": TENANT,
    "team": "team",
    "env": "deployment.environment.name",
    "service": "service.name",
    "cost_center": "cost_center",
    "region": "cloud.region",
    "pricing_tier": "pricing_tier",
    "cache_hit": CACHE_HIT,
    "feature_flag": FLAG_KEY,
    "experiment": "experiment",
}
"""The labels that cost can be broken down by: name in Python → attribute. More are declared by `instrument(breakdown=…)`."""

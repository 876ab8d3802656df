import json
from importlib.resources import files
from typing import Any

import jsonschema
import pytest

from codeops import prices

FULL = {
    "$schema": "x",
    "version": "1",
    "currency": "USD",
    "extends": ["aws"],
    "price": [
        {"meter": "compute.cpu", "price": 0.03, "per": "vCPU.h", "when": {"region": ["a", "b"], "pool": "x"}, "valid_from": "2026-11-01"},
        {"meter": "aws.s3.storage", "per": "GiB.mo", "tiers": [{"up_to": "50", "price": "0.02"}, {"price": "0.01"}]},
    ],
    "multiplier": [{"name": "x", "factor": "1.08", "meters": ["compute.*"]}],
}
SIMPLE = {
    "meta": {"version": "1"},
    "compute": {"vcpu_hour": 0.03},
    "storage": {"s3_get": "0.0000004"},
    "platform": {"container_overhead_pct": 8},
}


def test_the_published_schema_is_current() -> None:
    published = files("codeops").joinpath("schemas", "pricebook.schema.json").read_text(encoding="utf-8")

    assert json.loads(published) == prices.schema(), "run make schemas"


@pytest.mark.parametrize("data", [FULL, SIMPLE])
def test_both_forms_are_valid_by_the_schema(data: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator.check_schema(prices.schema())
    jsonschema.validate(data, prices.schema())


@pytest.mark.parametrize(
    "data",
    [
        {"version": "1"},
        {**FULL, "curency": "USD"},
        {**FULL, "currency": "dollars"},
        {**FULL, "price": [{"meter": "compute.cpu"}]},
        {**FULL, "price": [{"meter": "a.b", "per": "h", "price": True}]},
        {**FULL, "price": [{"meter": "a.b", "per": "h", "when": {"region": []}}]},
        {"compute": {"vcpu_hours": 1}},
    ],
)
def test_what_loading_refuses_the_schema_refuses(data: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, prices.schema())


def test_every_key_of_the_schema_is_described() -> None:
    definitions = prices.schema()["$defs"]

    undescribed = [
        f"{name}.{key}" for name, part in definitions.items() for key, value in part["properties"].items() if "description" not in value
    ]

    assert set(undescribed) <= {
        f"{name}.{key}"
        for name, keys in {
            "FullFile": ["price", "multiplier"],
            "SimpleFile": ["meta", "compute", "storage", "network", "platform"],
            "SimpleMeta": ["version"],
        }.items()
        for key in keys
    }

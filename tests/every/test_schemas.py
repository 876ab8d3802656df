"""The published JSON Schemas are current, valid, and accept what the project itself writes."""

import importlib.util
import json
import tomllib
from pathlib import Path

import jsonschema
import pytest

import codeops

ROOT = Path(__file__).parents[2]
FOLDER = Path(codeops.__file__).parent / "schemas"
SPEC = importlib.util.spec_from_file_location("schemas_tool", ROOT / "tools" / "schemas.py")
assert SPEC
assert SPEC.loader
TOOL = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(TOOL)


def schema(name: str) -> dict[str, object]:
    return json.loads((FOLDER / f"{name}.schema.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", TOOL.SCHEMAS)
def test_a_schema_is_what_the_code_says_and_is_a_schema(name: str) -> None:
    assert (FOLDER / f"{name}.schema.json").read_text(encoding="utf-8") == TOOL.text(name), "run make schemas"
    jsonschema.Draft202012Validator.check_schema(schema(name))


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("config", "examples/reports/codeops.toml"),
        ("pricebook", "examples/reports/pricebook.toml"),
        ("snapshot", "examples/reports/cost/baseline.json"),
        ("report", "tests/golden/json/fail.json"),
    ],
)
def test_a_schema_accepts_a_file_of_its_kind(name: str, file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    data = tomllib.loads(text) if file.endswith(".toml") else json.loads(text)

    found = list(jsonschema.Draft202012Validator(schema(name)).iter_errors(json.loads(json.dumps(data, default=str))))

    assert not found


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("config", {"pricebok": "x"}),
        ("pricebook", {"version": "1", "currency": "USD", "price": [{"meter": "a.b"}]}),
        ("snapshot", {"routes": {"/a": {"cpu_s": "fast"}}}),
        ("report", {"verdict": "maybe"}),
        ("waivers", {"waiver": [{"route": "/a", "reason": "x", "owner": "o"}]}),
        ("waivers", {"waver": []}),
        ("cost-map", {"routes": {"/a": {"cost": "cheap"}}}),
    ],
)
def test_a_schema_refuses_what_the_command_refuses(name: str, data: dict[str, object]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, schema(name))

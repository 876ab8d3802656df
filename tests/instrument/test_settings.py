import re
from pathlib import Path

import pytest

import codeops
from codeops.core.errors import InvalidValue
from codeops.instrument import guard
from codeops.instrument.settings import VARIABLES, Settings
from codeops.instrument.tenant import Tenant

PACKAGE = Path(codeops.__file__).parent / "instrument"


def test_without_anything_usage_is_measured_and_money_is_absent():
    settings = Settings.read({})

    assert settings == Settings()
    assert settings.pricebook is None
    assert settings.memory


@pytest.mark.parametrize(
    ("variable", "text", "name", "value"),
    [
        ("CODEOPS_PRICEBOOK", "book.toml", "pricebook", "book.toml"),
        ("CODEOPS_LABELS", "region=eu-west-1, pricing_tier = spot", "labels", {"region": "eu-west-1", "pricing_tier": "spot"}),
        ("CODEOPS_LEDGER", "pure", "ledger", "pure"),
        ("CODEOPS_CLOCK", "exact", "clock", "exact"),
        ("CODEOPS_SWITCHES", "gc, asyncio", "switches", ("gc", "asyncio")),
        ("CODEOPS_LIBRARIES", "httpx", "libraries", ("httpx",)),
        ("CODEOPS_MEMORY", "off", "memory", False),
        ("CODEOPS_MEMORY", "on", "memory", True),
        ("CODEOPS_NETWORKS", "10.0.0.0/8=intra-zone", "networks", {"10.0.0.0/8": "intra-zone"}),
        ("CODEOPS_BREAKDOWN", "plan", "breakdown", ("plan",)),
        ("CODEOPS_MAX_ROWS", "50", "max_rows", 50),
    ],
)
def test_a_variable_sets_what_no_argument_does(variable, text, name, value):
    assert getattr(Settings.read({variable: text}), name) == value
    assert getattr(Settings.read({variable: f"  {text}  "}), name) == value


def test_an_argument_goes_before_its_variable():
    assert Settings.read({"CODEOPS_LEDGER": "pure"}, ledger="off").ledger == "off"


def test_a_tenant_comes_from_its_variables():
    variables = {"CODEOPS_TENANT_HEADER": "x-tenant", "CODEOPS_TENANT_REQUIRED": "true", "CODEOPS_TENANT_DOMAINS": ".example.com"}

    tenant = Settings.read(variables).tenant

    assert (tenant.header, tenant.required, tuple(tenant.domains)) == ("x-tenant", True, (".example.com",))


@pytest.mark.parametrize(
    ("variables", "wrong"),
    [
        ({"CODEOPS_LEDGER": "fast"}, "fast"),
        ({"CODEOPS_CLOCK": "sundial"}, "sundial"),
        ({"CODEOPS_MEMORY": "perhaps"}, "perhaps"),
        ({"CODEOPS_LABELS": "eu-west-1"}, "eu-west-1"),
        ({"CODEOPS_MAX_ROWS": "many"}, "many"),
        ({"CODEOPS_MAX_ROWS": "0"}, "0"),
        ({"CODEOPS_TENANT_HEADER": "x", "CODEOPS_TENANT_REQUIRED": "maybe"}, "maybe"),
        ({"CODEOPS_NETWORKS": "10.0.0.5/8=intra-zone"}, "10.0.0.5/8"),
        ({"CODEOPS_NETWORKS": "https://example.com=intra-zone"}, "https://example.com"),
    ],
)
def test_what_means_nothing_is_refused_with_the_value(variables, wrong):
    with pytest.raises(InvalidValue, match=wrong) as caught:
        Settings.read(variables)

    assert caught.value.why
    assert caught.value.fix


@pytest.fixture
def warnings(monkeypatch, caplog):
    """What is told at start-up, where faults do not raise as they do in our own tests."""
    monkeypatch.setattr(guard, "strict", False)
    monkeypatch.setattr(guard, "problems", [])
    monkeypatch.setattr(guard, "_causes", set())
    return caplog


def test_variables_that_mean_nothing_are_told_by_name_and_raise_nothing(monkeypatch, warnings):
    monkeypatch.setenv("CODEOPS_LEDGER", "fast")
    monkeypatch.setenv("CODEOPS_MAX_ROWS", "many")
    monkeypatch.setenv("CODEOPS_NETWORKS", "10.0.0.5/8=intra-zone")

    settings = Settings.of(memory=False)

    assert settings is None
    titles = [str(problem) for problem in guard.problems]
    assert [title.partition(":")[0] for title in titles] == ["CODEOPS_LEDGER", "CODEOPS_NETWORKS", "CODEOPS_MAX_ROWS"]
    assert all("\n  fix: " in record.message for record in warnings.records)


def test_a_variable_that_an_argument_goes_before_is_not_told(monkeypatch, warnings):
    monkeypatch.setenv("CODEOPS_LEDGER", "fast")
    monkeypatch.setenv("CODEOPS_TENANT_HEADER", "x tenant")

    settings = Settings.of(ledger="pure", tenant=Tenant(header="x-tenant"))

    assert (settings.ledger, settings.tenant.header, guard.problems) == ("pure", "x-tenant", [])


def test_an_argument_that_means_nothing_is_refused_whatever_the_variables_are(monkeypatch, warnings):
    monkeypatch.setenv("CODEOPS_LEDGER", "fast")

    with pytest.raises(InvalidValue, match="sundial"):
        Settings.of(clock="sundial")


def test_every_setting_has_a_variable_that_is_documented():
    names = {name.removeprefix("CODEOPS_").lower() for name in VARIABLES if not name.startswith("CODEOPS_TENANT")}

    assert names == set(Settings.__dataclass_fields__) - {"tenant"} | {"podinfo"}


def test_every_variable_that_the_package_reads_is_documented():
    read = {name for file in PACKAGE.rglob("*.py") for name in re.findall(r"\bCODEOPS_[A-Z_]*[A-Z]\b", file.read_text(encoding="utf-8"))}

    assert read - {"CODEOPS_STRICT"} == set(VARIABLES)

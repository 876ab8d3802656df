import pytest

from codeops.core.errors import InvalidValue
from codeops.instrument.settings import VARIABLES, Settings


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
    ],
)
def test_what_means_nothing_is_refused_with_the_value(variables, wrong):
    with pytest.raises(InvalidValue, match=wrong) as caught:
        Settings.read(variables)

    assert caught.value.why
    assert caught.value.fix


def test_every_setting_has_a_variable_that_is_documented():
    names = {name.removeprefix("CODEOPS_").lower() for name in VARIABLES if not name.startswith("CODEOPS_TENANT")}

    assert names == set(Settings.__dataclass_fields__) - {"tenant"}

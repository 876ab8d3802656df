import importlib.metadata
import json
import os
import subprocess
import sys
from pathlib import Path
from types import MappingProxyType

import pytest
from opentelemetry.attributes import BoundedAttributes

from codeops.__main__ import main
from codeops.cli._diagnosis import as_text
from codeops.instrument import diagnosis
from codeops.instrument.diagnosis import telemetry

BIN = Path(sys.executable).parent
BOOK = """\
version = "2026-11-01"
currency = "USD"
"""
PRICE = """
[[price]]
meter = "{meter}"
price = "0.036"
per = "{per}"
"""
PRICES = [("compute.cpu", "vCPU.h"), ("compute.memory", "GiB.h"), ("network.egress", "GB")]
WHOLE = BOOK + "".join(PRICE.format(meter=meter, per=per) for meter, per in PRICES)


def write(text: str) -> None:
    Path("pricebook.toml").write_text(text, encoding="utf-8")


@pytest.fixture(autouse=True)
def _alone(monkeypatch, tmp_path):
    """No variable of whoever runs the tests, and a folder of its own."""
    for name in os.environ:
        if name.startswith(("CODEOPS_", "OTEL_", "AWS_", "KUBERNETES_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
    monkeypatch.chdir(tmp_path)
    write(WHOLE)


def doctor(capsys, *options: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as ending:
        main(["doctor", *options])
    return ending.value.code, capsys.readouterr().out


def told(capsys, *options: str) -> tuple[int, dict]:
    code, text = doctor(capsys, "--format", "json", *options)
    return code, json.loads(text)


def rules(found: dict) -> list[str]:
    return [finding["rule"] for finding in found["findings"]]


def fact(found: dict, section: str, name: str) -> dict:
    return next(fact for fact in found["sections"][section] if fact["name"] == name)


def test_where_all_is_well_the_exit_code_is_0_and_the_first_line_says_so(capsys, monkeypatch):
    monkeypatch.setenv("CODEOPS_PRICEBOOK", "pricebook.toml")

    code, text = doctor(capsys)

    assert code == 0
    assert text.splitlines()[0] == "✓ CodeOps can do its job here"
    assert "error[" not in text
    assert "warning[" not in text


def test_the_text_is_plain_and_has_no_blanks_at_line_ends_where_no_terminal_is(capsys):
    _, text = doctor(capsys, "--pricebook", "pricebook.toml")

    assert "\x1b" not in text
    assert all(line == line.rstrip() and len(line) <= 100 for line in text.splitlines())


def test_a_terminal_gets_colours_in_its_own_width():
    text = as_text(diagnosis.diagnose("pricebook.toml"), 60, colour=True)

    assert "\x1b[" in text


def test_each_meter_of_every_service_has_its_price_and_where_it_stands(capsys):
    _, found = told(capsys, "--pricebook", "pricebook.toml")

    for number, (meter, per) in enumerate(PRICES):
        price = fact(found, "prices", meter)
        assert price["value"] == f"0.036 USD per {per}"
        assert price["detail"].startswith(f"pricebook.toml:{4 + 5 * number}")


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("version = \n", "malformed-file"),
        (WHOLE.replace("price =", "prise ="), "unknown-key"),
        (WHOLE.replace('"0.036"', '"-1"'), "invalid-price"),
        (WHOLE.replace("vCPU.h", "GB"), "unit-mismatch"),
    ],
)
def test_a_broken_price_book_is_an_error_with_its_place_and_its_fix(capsys, monkeypatch, text, rule):
    write(text)
    monkeypatch.setenv("CODEOPS_PRICEBOOK", "pricebook.toml")

    code, found = told(capsys)

    (finding,) = [finding for finding in found["findings"] if finding["severity"] == "error"]
    assert (code, found["well"], finding["rule"]) == (2, False, rule)
    assert finding["location"].startswith("pricebook.toml:")
    assert finding["fix"]
    assert fact(found, "prices", "price book")["detail"] == "cannot be used: money is absent"


def test_a_missing_price_book_is_an_error_and_none_at_all_a_warning(capsys, monkeypatch):
    code, found = told(capsys)
    assert (code, rules(found)) == (0, ["no-price-book"])

    monkeypatch.setenv("CODEOPS_PRICEBOOK", "gone.toml")
    code, found = told(capsys)
    assert (code, rules(found)) == (2, ["unreadable-file"])


def test_a_meter_without_a_price_for_these_labels_is_a_warning_that_says_why(capsys, monkeypatch):
    write(WHOLE.replace('per = "vCPU.h"\n', 'per = "vCPU.h"\nwhen = { region = "eu-west-1" }\n'))
    monkeypatch.setenv("CODEOPS_LABELS", "region=eu-west-2")

    code, found = told(capsys, "--pricebook", "pricebook.toml")

    (finding,) = found["findings"]
    assert (code, finding["severity"], finding["rule"], finding["meter"]) == (0, "warning", "missing-price", "compute.cpu")
    assert "eu-west-1" in finding["why"]
    assert fact(found, "prices", "compute.cpu")["value"] == "no price"


def test_two_prices_that_match_equally_well_are_an_error(capsys, monkeypatch):
    rivals = "".join(PRICE.format(meter="compute.cpu", per="vCPU.h") + f'when = {{ {label} = "a" }}\n' for label in ("region", "team"))
    write(BOOK + rivals)
    monkeypatch.setenv("CODEOPS_LABELS", "region=a,team=a")

    code, found = told(capsys, "--pricebook", "pricebook.toml")

    assert code == 2
    assert "ambiguous-price" in rules(found)


def test_labels_that_a_price_list_takes_for_granted_are_named(capsys):
    write(BOOK + 'extends = ["aws"]\n')

    code, found = told(capsys, "--pricebook", "pricebook.toml")

    assert (code, rules(found)) == (0, ["assumed-labels"])
    assert "region=us-east-1" in fact(found, "prices", "assumed")["value"]


def test_the_labels_to_be_stated_beside_those_that_are_keep_them(capsys, monkeypatch):
    write(BOOK + 'extends = ["aws", "gcp"]\n')
    monkeypatch.setenv("CODEOPS_LABELS", "provider=aws,team=search")
    _, found = told(capsys, "--pricebook", "pricebook.toml")

    advice = found["findings"][0]["fix"].removeprefix("export CODEOPS_LABELS=").partition(", or ")[0]
    monkeypatch.setenv("CODEOPS_LABELS", advice)
    _, found = told(capsys, "--pricebook", "pricebook.toml")

    assert {"provider=aws", "team=search", "region=us-east-1"} <= set(advice.split(","))
    assert found["findings"] == []


def test_each_label_says_where_it_was_read(capsys, monkeypatch):
    monkeypatch.setenv("CODEOPS_LABELS", "pricing_tier=spot")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "cloud.provider=aws,cloud.region=eu-west-1,host.type=m6i.large")

    _, found = told(capsys, "--pricebook", "pricebook.toml")

    assert fact(found, "place", "pricing_tier") == {"name": "pricing_tier", "value": "spot", "detail": "CODEOPS_LABELS"}
    region = fact(found, "place", "region")
    assert region["value"] == "eu-west-1"
    assert "cloud.region" in region["detail"]
    assert fact(found, "place", "instance_family")["value"] == "m6i"


def test_a_variable_that_nobody_reads_is_a_warning_with_the_nearest_name(capsys, monkeypatch):
    monkeypatch.setenv("CODEOPS_PRICEBOK", "pricebook.toml")

    code, found = told(capsys, "--pricebook", "pricebook.toml")

    (finding,) = found["findings"]
    assert (code, finding["severity"], finding["rule"]) == (0, "warning", "unknown-variable")
    assert finding["fix"] == "write CODEOPS_PRICEBOOK"


@pytest.mark.parametrize(
    ("variable", "value", "rule"),
    [
        ("CODEOPS_LEDGER", "fast", "invalid-value"),
        ("CODEOPS_LABELS", "region", "invalid-value"),
        ("CODEOPS_MAX_ROWS", "0", "invalid-value"),
        ("CODEOPS_MEMORY", "perhaps", "invalid-value"),
        ("CODEOPS_TENANT_HEADER", "x tenant", "invalid-value"),
        ("CODEOPS_TENANT_DOMAINS", "https://example.com", "invalid-value"),
        ("CODEOPS_LIBRARIES", "botocor", "invalid-value"),
        ("CODEOPS_SWITCHES", "asincio", "invalid-value"),
        ("CODEOPS_NETWORKS", "10.0.0.5/8=intra-zone", "invalid-value"),
    ],
)
def test_a_variable_that_means_nothing_is_an_error_that_names_it(capsys, monkeypatch, variable, value, rule):
    monkeypatch.setenv(variable, value)

    code, found = told(capsys, "--pricebook", "pricebook.toml")

    (finding,) = found["findings"]
    assert (code, finding["rule"]) == (2, rule)
    assert finding["message"].startswith(f"{variable}: ")
    assert finding["fix"]


def test_several_variables_that_mean_nothing_are_all_told(capsys, monkeypatch):
    monkeypatch.setenv("CODEOPS_LEDGER", "fast")
    monkeypatch.setenv("CODEOPS_CLOCK", "slow")

    _, found = told(capsys, "--pricebook", "pricebook.toml")

    assert {finding["message"].split(":")[0] for finding in found["findings"]} == {"CODEOPS_LEDGER", "CODEOPS_CLOCK"}


def test_a_required_tenant_that_nobody_can_find_is_a_warning(capsys, monkeypatch):
    monkeypatch.setenv("CODEOPS_TENANT_REQUIRED", "true")

    code, found = told(capsys, "--pricebook", "pricebook.toml")

    assert (code, rules(found)) == (0, ["tenant-without-source"])


def test_what_would_be_followed_is_what_is_installed_and_asked_for(capsys, monkeypatch):
    monkeypatch.setenv("CODEOPS_LIBRARIES", "botocore,sqlite3")
    monkeypatch.setenv("CODEOPS_SWITCHES", "asyncio")

    _, found = told(capsys, "--pricebook", "pricebook.toml")

    libraries = fact(found, "hooks", "client libraries")["value"].split(", ")
    assert [library.split()[0] for library in libraries] == ["botocore", "sqlite3"]
    assert fact(found, "hooks", "switch points")["value"] == "asyncio"
    assert "executor" in fact(found, "hooks", "switch points")["detail"]
    assert "fastapi" in fact(found, "hooks", "servers")["value"]


def test_without_its_variable_opentelemetry_instrument_would_not_start_it_and_with_it_it_would(capsys, monkeypatch):
    _, found = told(capsys, "--pricebook", "pricebook.toml")
    assert fact(found, "telemetry", "zero code")["value"].endswith("CODEOPS_PRICEBOOK is not set")

    monkeypatch.setenv("CODEOPS_PRICEBOOK", "pricebook.toml")
    _, found = told(capsys)
    assert fact(found, "telemetry", "zero code")["value"] == "opentelemetry-instrument would start it"


def test_an_exporter_without_which_opentelemetry_cannot_be_set_up_is_a_warning_and_an_error_where_that_was_tried(capsys, monkeypatch):
    monkeypatch.setenv("CODEOPS_PRICEBOOK", "pricebook.toml")
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "zipkin")

    code, found = told(capsys)

    (finding,) = found["findings"]
    assert (code, finding["rule"], finding["severity"]) == (0, "missing-exporter", "warning")
    assert "zipkin for traces" in finding["why"]
    assert fact(found, "telemetry", "zero code")["value"] == f"opentelemetry-instrument would not start it: {finding['why']}"

    tried = subprocess.run(
        [BIN / "opentelemetry-instrument", "codeops", "doctor"],
        env={**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert tried.returncode == 2
    assert "error[missing-exporter]: opentelemetry-instrument cannot set OpenTelemetry up" in tried.stdout
    assert "  running " not in tried.stdout

    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    code, found = told(capsys)
    assert (code, found["findings"]) == (0, [])
    assert fact(found, "telemetry", "zero code")["value"] == "opentelemetry-instrument would start it"


def test_under_opentelemetry_instrument_it_says_that_this_process_is_measured():
    silent = {f"OTEL_{signal}_EXPORTER": "none" for signal in ("TRACES", "METRICS", "LOGS")}

    done = subprocess.run(
        [BIN / "opentelemetry-instrument", "codeops", "doctor", "--format", "json"],
        env={**os.environ, **silent, "PATH": f"{BIN}:{os.environ['PATH']}", "CODEOPS_PRICEBOOK": "pricebook.toml"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert fact(found, "telemetry", "running")["value"] == "yes"
    assert fact(found, "telemetry", "attributes")["value"] == "fast"


class Frozen(BoundedAttributes):
    """Attributes as a future SDK may have them: what is behind them cannot be written."""

    @property
    def _dict(self):
        return MappingProxyType(self.kept)

    @_dict.setter
    def _dict(self, value):
        self.kept = value


def test_attributes_are_written_the_fast_way_on_this_sdk_and_the_public_way_where_that_fails(capsys, monkeypatch):
    _, found = told(capsys, "--pricebook", "pricebook.toml")
    assert fact(found, "telemetry", "attributes")["value"] == "fast"

    monkeypatch.setattr("opentelemetry.sdk.trace.BoundedAttributes", Frozen)
    _, found = told(capsys, "--pricebook", "pricebook.toml")
    assert fact(found, "telemetry", "attributes")["value"] == "public"


def test_without_the_sdk_the_extra_is_named(capsys, monkeypatch):
    def version(package: str) -> str:
        if package == "opentelemetry-sdk":
            raise importlib.metadata.PackageNotFoundError
        return "1"

    monkeypatch.setattr(telemetry, "version", version)

    code, found = told(capsys, "--pricebook", "pricebook.toml")

    (finding,) = found["findings"]
    assert (code, finding["severity"], finding["fix"]) == (0, "warning", "pip install 'codeops[otel]'")


def test_an_interpreter_without_its_lock_is_an_error_unless_the_ledger_is_off(monkeypatch):
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: False, raising=False)

    found = diagnosis.diagnose("pricebook.toml", environ={})
    assert [finding.rule for finding in found.findings] == ["unsupported-ledger"]
    assert not found.is_well

    assert diagnosis.diagnose("pricebook.toml", environ={"CODEOPS_LEDGER": "off"}).is_well


def test_a_ledger_in_python_says_why_it_is_not_the_one_in_c(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "codeops.instrument.ledger._native", None)  # as where no compiler was

    code, found = told(capsys, "--pricebook", "pricebook.toml")

    assert (code, fact(found, "runtime", "ledger")["value"]) == (0, "pure")
    assert "_native" in fact(found, "runtime", "ledger")["detail"]
